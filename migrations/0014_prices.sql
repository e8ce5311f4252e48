-- What destinations cost, by longest matching prefix; a workspace's own rates come before the price list.

create table destination_prices (
    id text primary key,
    -- Null for the price list, else the workspace whose own rate it is.
    workspace_id text references workspaces (id),
    currency text not null,
    -- Digits of E.164 without the plus sign.
    prefix text not null,
    per_min_e4 bigint not null check (per_min_e4 >= 0),
    billing_increment_seconds bigint not null default 1 check (billing_increment_seconds between 1 and 3600),
    valid_from bigint not null,
    valid_until bigint,
    created_at bigint not null
);
create index destination_prices_by_prefix on destination_prices (currency, prefix);
