-- Deliveries that somebody asked for by hand go before all that waits for their endpoint, until they were tried once.

alter table webhook_deliveries add column is_asked bigint not null default 0;
create index webhook_deliveries_asked on webhook_deliveries (endpoint_id, next_attempt_at, sequence)
    where status = 'pending' and is_asked = 1;
