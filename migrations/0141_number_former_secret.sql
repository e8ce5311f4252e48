-- What a number's voice callbacks and events were signed with before its secret was rotated, sealed as the secret is, and until
-- when that still signs what the new one is refused for.
alter table tenant_numbers add column former_signing_secret text;
alter table tenant_numbers add column former_secret_until bigint;
