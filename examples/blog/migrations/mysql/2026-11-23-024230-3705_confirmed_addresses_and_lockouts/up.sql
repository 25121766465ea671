CREATE TABLE `auth_lockouts` (
  `name` varchar(64) NOT NULL,
  `failures` bigint(20) NOT NULL,
  `pause` bigint(20) NOT NULL,
  `locked_until` bigint(20) NOT NULL,
  `last_at` bigint(20) NOT NULL,
  PRIMARY KEY (`name`),
  KEY `auth_lockouts_last_at_idx` (`last_at`)
);
ALTER TABLE `users`
  ADD COLUMN `email_confirmed` tinyint(1) NOT NULL DEFAULT 0;
