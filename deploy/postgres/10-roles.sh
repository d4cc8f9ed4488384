#!/bin/sh
# Run once by the image of PostgreSQL when its data folder is new. The service's role owns nothing: it can work with rows, but
# it can neither truncate nor change tables, and it cannot switch off the triggers that keep verdicts append-only. The
# owner's role is for migrations alone.
set -eu
: "${ASSAY_DB_PASSWORD:?the password of the service's role is not set}"

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set password="$ASSAY_DB_PASSWORD" \
    --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE assay LOGIN PASSWORD :'password' NOSUPERUSER NOCREATEDB NOCREATEROLE;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO assay;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO assay;
SQL
