CREATE TABLE items (
    id int unsigned NOT NULL AUTO_INCREMENT,
    label varchar(80) NOT NULL COMMENT 'as printed; it''s short',
    price decimal(10, 2) NOT NULL DEFAULT 0.00 CHECK (price >= 0),
    amount smallint NOT NULL DEFAULT 1,
    total decimal(20, 2) AS (price * amount) VIRTUAL,
    size int AS (char_length(label)) STORED,
    feeling enum('good', 'it''s bad', 'so-so') NOT NULL DEFAULT 'good',
    anything enum('', 'something') NOT NULL DEFAULT '',
    features set('a', 'b') DEFAULT NULL,
    flag tinyint(1) NOT NULL DEFAULT 0,
    tiny tinyint unsigned,
    since year,
    body mediumtext,
    raw varbinary(16),
    bits bit(3),
    `order` bigint DEFAULT NULL,
    made timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(),
    code char(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'a\\b',
    PRIMARY KEY (id),
    CONSTRAINT few CHECK (amount < 1000),
    FULLTEXT KEY items_body (body),
    KEY items_prefix (label(10), amount)
) ENGINE=InnoDB AUTO_INCREMENT=7 COMMENT='What''s AUTO_INCREMENT=9 for sale';
CREATE TABLE `order` (
    id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
    `select` varchar(20) DEFAULT 'it''s',
    `Full Name` varchar(100),
    item_id int unsigned,
    UNIQUE KEY `both` (`select`, `Full Name`),
    CONSTRAINT order_item FOREIGN KEY (item_id) REFERENCES items (id) ON DELETE SET NULL
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;
ALTER TABLE items ADD CONSTRAINT items_order FOREIGN KEY (`order`) REFERENCES `order` (id) ON UPDATE CASCADE;
CREATE TABLE `Camel``Case` (
    leftId int NOT NULL,
    rightId int NOT NULL,
    note text,
    PRIMARY KEY (leftId, rightId)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
CREATE TABLE strict_things (
    code varchar(40) NOT NULL PRIMARY KEY,
    leftId int,
    rightId int,
    CONSTRAINT things_pair FOREIGN KEY (leftId, rightId) REFERENCES `Camel``Case` (leftId, rightId) ON DELETE CASCADE
) ENGINE=InnoDB;
CREATE TABLE texts (
    kind char(2) NOT NULL,
    body mediumtext NOT NULL,
    PRIMARY KEY (kind, body(20) DESC)
) ENGINE=InnoDB;
CREATE TABLE settings (id int AUTO_INCREMENT PRIMARY KEY, level int DEFAULT 0) ENGINE=InnoDB;
CREATE TABLE log (at datetime(3), line text) ENGINE=MyISAM;
CREATE TABLE parted (id int NOT NULL, day date NOT NULL, PRIMARY KEY (id, day)) ENGINE=InnoDB
    PARTITION BY RANGE (year(day)) (PARTITION p0 VALUES LESS THAN (2025), PARTITION p1 VALUES LESS THAN MAXVALUE);
CREATE VIEW a_labels AS SELECT label AS items FROM items;
CREATE VIEW a_cheap AS SELECT i.id, i.label FROM items i JOIN a_labels l ON l.items = i.label WHERE i.price < 10;
CREATE VIEW cheap AS SELECT * FROM a_cheap WITH CASCADED CHECK OPTION;
CREATE FUNCTION slug(t varchar(80)) RETURNS varchar(80) DETERMINISTIC RETURN lower(replace(t, ' ', ';'));
CREATE PROCEDURE touch(IN which int) BEGIN
    UPDATE items SET amount = amount + 1 WHERE id = which;
    IF which > 1 THEN DELETE FROM log; END IF;
END;
CREATE TRIGGER items_logged AFTER INSERT ON items FOR EACH ROW BEGIN
    INSERT INTO log (at, line) VALUES (now(), concat('one; ', new.label));
END;
CREATE TRIGGER items_again AFTER INSERT ON items FOR EACH ROW INSERT INTO log (line) VALUES ('again');
INSERT INTO items (label, price) VALUES ('one', 1), ('two', 2.5);
INSERT INTO `order` (item_id) VALUES (7), (8);

CREATE TABLE tickets (id INT AUTO_INCREMENT PRIMARY KEY);

CREATE TABLE waiting (
    id int NOT NULL PRIMARY KEY,
    place bigint NOT NULL AUTO_INCREMENT UNIQUE,
    answers longtext CHECK (json_valid(answers))
);
