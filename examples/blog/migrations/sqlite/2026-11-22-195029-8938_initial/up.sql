CREATE TABLE "users" (
  "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  "username" VARCHAR(20) NOT NULL,
  "email" VARCHAR(120) NOT NULL,
  "image_file" TEXT NOT NULL DEFAULT 'default.jpg',
  "password_hash" TEXT NOT NULL,
  CONSTRAINT "users_username_key" UNIQUE ("username"),
  CONSTRAINT "users_email_key" UNIQUE ("email")
);
CREATE TABLE "auth_sessions" (
  "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  "realm" VARCHAR(32) NOT NULL,
  "token_hash" VARCHAR(64) NOT NULL,
  "user_id" INTEGER NOT NULL,
  "auth_tag" VARCHAR(64) NOT NULL,
  "created_at" TIMESTAMP NOT NULL,
  "authenticated_at" TIMESTAMP,
  "last_seen_at" TIMESTAMP NOT NULL,
  "expires_at" TIMESTAMP NOT NULL,
  "remembered" BOOLEAN NOT NULL,
  "fingerprint" VARCHAR(64),
  "user_agent" VARCHAR(255),
  "ip" VARCHAR(45),
  "data" TEXT,
  CONSTRAINT "auth_sessions_token_hash_key" UNIQUE ("token_hash"),
  CONSTRAINT "auth_sessions_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE
);
CREATE INDEX "auth_sessions_expires_at_idx" ON "auth_sessions" ("expires_at");
CREATE INDEX "auth_sessions_user_id_idx" ON "auth_sessions" ("user_id");
CREATE TABLE "posts" (
  "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  "title" VARCHAR(100) NOT NULL,
  "date_posted" TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "content" TEXT NOT NULL,
  "user_id" INTEGER NOT NULL,
  CONSTRAINT "posts_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE
);
CREATE INDEX "posts_user_id_idx" ON "posts" ("user_id");
