-- Effects outside of the database: until when (microseconds UTC) the request that began one is taken to be at work.
-- Null where key, effect and answer are of one transaction.
alter table idempotency_keys add column leased_until bigint;
