CREATE TABLE "auth_lockouts" (
  "name" character varying(64) NOT NULL,
  "failures" bigint NOT NULL,
  "pause" bigint NOT NULL,
  "locked_until" bigint NOT NULL,
  "last_at" bigint NOT NULL,
  CONSTRAINT "auth_lockouts_pkey" PRIMARY KEY ("name")
);
CREATE INDEX "auth_lockouts_last_at_idx" ON "auth_lockouts" ("last_at");
ALTER TABLE "users" ADD COLUMN "email_confirmed" boolean DEFAULT false NOT NULL;
