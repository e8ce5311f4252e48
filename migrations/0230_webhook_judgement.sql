-- What an attempt says of its endpoint, and of which of its settings.

-- Raised when an endpoint becomes another one (its URL, or that it is on again): attempts of before say nothing of it.
alter table webhook_endpoints add column generation bigint not null default 0;
-- When the last attempt failed: a time without attempts is no time of failures.
alter table webhook_endpoints add column failed_at bigint;
update webhook_endpoints set failed_at = coalesce(paused_until, failing_since) where failing_since is not null;
