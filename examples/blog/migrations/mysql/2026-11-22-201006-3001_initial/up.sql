CREATE TABLE `users` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `username` varchar(20) NOT NULL,
  `email` varchar(120) NOT NULL,
  `image_file` varchar(255) NOT NULL DEFAULT 'default.jpg',
  `password_hash` text NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `users_email_key` (`email`),
  UNIQUE KEY `users_username_key` (`username`)
);
CREATE TABLE `auth_sessions` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `realm` varchar(32) NOT NULL,
  `token_hash` varchar(64) NOT NULL,
  `user_id` int(11) NOT NULL,
  `auth_tag` varchar(64) NOT NULL,
  `created_at` datetime(6) NOT NULL,
  `authenticated_at` datetime(6) NULL,
  `last_seen_at` datetime(6) NOT NULL,
  `expires_at` datetime(6) NOT NULL,
  `remembered` tinyint(1) NOT NULL,
  `fingerprint` varchar(64) NULL,
  `user_agent` varchar(255) NULL,
  `ip` varchar(45) NULL,
  `data` text NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `auth_sessions_token_hash_key` (`token_hash`),
  KEY `auth_sessions_expires_at_idx` (`expires_at`),
  KEY `auth_sessions_user_id_idx` (`user_id`),
  CONSTRAINT `auth_sessions_user_id_fkey` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
);
CREATE TABLE `posts` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `title` varchar(100) NOT NULL,
  `date_posted` datetime(6) NOT NULL DEFAULT (utc_timestamp(6)),
  `content` text NOT NULL,
  `user_id` int(11) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `posts_user_id_idx` (`user_id`),
  CONSTRAINT `posts_user_id_fkey` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
);
