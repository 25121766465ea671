CREATE TABLE "auth_lockouts" (
  "name" VARCHAR(64) NOT NULL CONSTRAINT "auth_lockouts_pkey" PRIMARY KEY,
  "failures" BIGINT NOT NULL,
  "pause" BIGINT NOT NULL,
  "locked_until" BIGINT NOT NULL,
  "last_at" BIGINT NOT NULL
);
CREATE INDEX "auth_lockouts_last_at_idx" ON "auth_lockouts" ("last_at");
ALTER TABLE "users" ADD COLUMN "email_confirmed" BOOLEAN NOT NULL DEFAULT FALSE;
