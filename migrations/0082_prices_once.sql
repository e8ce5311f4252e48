-- A prefix has one price of an owner and currency from a moment on. Prices from before operators had a way to load them were put
-- in by hand, so of equal ones the first stays.
delete from destination_prices
where exists (
    select 1
    from destination_prices other
    where coalesce(other.workspace_id, '') = coalesce(destination_prices.workspace_id, '')
        and other.currency = destination_prices.currency and other.prefix = destination_prices.prefix
        and other.valid_from = destination_prices.valid_from and other.id < destination_prices.id
);
create unique index destination_prices_once
    on destination_prices (coalesce(workspace_id, ''), currency, prefix, valid_from);
create index destination_prices_by_time on destination_prices (created_at, id);
