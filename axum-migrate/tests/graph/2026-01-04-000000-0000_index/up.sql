CREATE INDEX users_name ON users (name);
INSERT INTO users (id, name) VALUES (1, 'ada');
