DROP TABLE `posts`;
DROP TABLE `auth_sessions`;
DROP TABLE `users`;
