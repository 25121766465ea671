-- What an old SQLite database may hold.
CREATE TABLE "order" (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "select" VARCHAR(20) NOT NULL DEFAULT 'it''s' COLLATE NOCASE,
    "Full Name" TEXT,
    item_id INTEGER REFERENCES items (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    UNIQUE ("select", "Full Name") ON CONFLICT IGNORE
);
CREATE TABLE items (
    id INTEGER PRIMARY KEY DEFAULT 0,
    label TEXT NOT NULL, -- what it is called
    price DECIMAL(10, 2) NOT NULL DEFAULT 0 CHECK (price >= 0),
    amount INT NOT NULL DEFAULT 1,
    total AS (price * amount) VIRTUAL,
    size TEXT GENERATED ALWAYS AS (length(label)) STORED,
    "order" INTEGER REFERENCES "order" (id),
    made TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT few CHECK (amount < 1000)
);
CREATE TABLE "pairs" (
    left_id INTEGER NOT NULL,
    right_id INTEGER NOT NULL,
    note BLOB,
    PRIMARY KEY (left_id, right_id)
) WITHOUT ROWID;
CREATE TABLE strict_things (code TEXT PRIMARY KEY, n REAL NOT NULL, left_id INTEGER, right_id INTEGER,
    FOREIGN KEY (left_id, right_id) REFERENCES pairs ON UPDATE CASCADE ON DELETE CASCADE) STRICT;
CREATE TABLE log (at TEXT, line TEXT);
CREATE INDEX items_partial ON items (label DESC) WHERE amount > 0;
CREATE UNIQUE INDEX items_lower ON items (lower(label), amount COLLATE NOCASE);
CREATE INDEX "odd index" ON "order" ("Full Name");
CREATE VIRTUAL TABLE search USING fts5(label, content='items', content_rowid='id');
CREATE VIEW cheap AS SELECT * FROM items WHERE price < 10;
CREATE VIEW "cheap labels" AS SELECT label FROM cheap -- of those
;
CREATE TRIGGER items_logged AFTER INSERT ON items WHEN new.price > 0 BEGIN
    INSERT INTO log (at, line) VALUES (datetime('now'), 'one; ' || new.label);
    UPDATE items SET amount = amount WHERE id = new.id;
END;
CREATE TRIGGER cheap_insert INSTEAD OF INSERT ON cheap BEGIN
    INSERT INTO items (label, price) VALUES (new.label, 1);
END;
INSERT INTO items (id, label, price) VALUES (1, 'one', 1), (2, 'two', 2.5);
INSERT INTO "order" (id, item_id) VALUES (1, 1), (2, 2);

CREATE TABLE tickets (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL);
