ALTER TABLE "users" DROP COLUMN "email_confirmed";
DROP TABLE "auth_lockouts";
