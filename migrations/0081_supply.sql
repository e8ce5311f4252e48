-- Where numbers come from: providers give series, a series makes numbers, and each number has a price in every currency in
-- which it can be claimed.

create table providers (
    id text primary key,
    name text not null unique,
    country text not null,
    contact text not null default '',
    notes text not null default '',
    status text not null default 'active' check (status in ('active', 'retired')),
    created_at bigint not null
);

-- A block of numbers: prefix, then every suffix from the first to the last, all of the same length.
create table number_series (
    id text primary key,
    provider_id text not null references providers (id),
    country text not null,
    -- `+` and digits.
    prefix text not null,
    first_suffix text not null,
    last_suffix text not null,
    -- The trunk that the provider delivers the numbers by, for operators to read.
    trunk text not null default '',
    -- JSON array, for instance ["voice"].
    capabilities text not null,
    status text not null default 'active' check (status in ('active', 'paused', 'retired')),
    created_at bigint not null
);
create index number_series_by_provider on number_series (provider_id, status);

create table series_prices (
    series_id text not null references number_series (id),
    currency text not null,
    monthly_price_minor bigint not null check (monthly_price_minor between 0 and 9000000000000000),
    -- Prices per minute in 1/10,000 of a minor unit.
    inbound_per_min_e4 bigint not null check (inbound_per_min_e4 >= 0),
    outbound_per_min_e4 bigint not null check (outbound_per_min_e4 >= 0),
    billing_minimum_seconds bigint not null check (billing_minimum_seconds between 1 and 3600),
    billing_increment_seconds bigint not null check (billing_increment_seconds between 1 and 3600),
    primary key (series_id, currency)
);

create table number_prices (
    number_id text not null references numbers (id),
    currency text not null,
    monthly_price_minor bigint not null check (monthly_price_minor between 0 and 9000000000000000),
    inbound_per_min_e4 bigint not null check (inbound_per_min_e4 >= 0),
    outbound_per_min_e4 bigint not null check (outbound_per_min_e4 >= 0),
    billing_minimum_seconds bigint not null check (billing_minimum_seconds between 1 and 3600),
    billing_increment_seconds bigint not null check (billing_increment_seconds between 1 and 3600),
    primary key (number_id, currency)
);
create index number_prices_by_price on number_prices (currency, monthly_price_minor, number_id);
insert into number_prices (number_id, currency, monthly_price_minor, inbound_per_min_e4, outbound_per_min_e4,
    billing_minimum_seconds, billing_increment_seconds)
select id, currency, monthly_price_minor, inbound_per_min_e4, outbound_per_min_e4, 1, billing_increment_seconds
from numbers;

-- What was agreed at the claim, as the rental is: a series that is priced anew changes no claimed number.
alter table tenant_numbers add column inbound_per_min_e4 bigint not null default 0 check (inbound_per_min_e4 >= 0);
alter table tenant_numbers add column outbound_per_min_e4 bigint not null default 0 check (outbound_per_min_e4 >= 0);
alter table tenant_numbers add column billing_minimum_seconds bigint not null default 1
    check (billing_minimum_seconds between 1 and 3600);
alter table tenant_numbers add column billing_increment_seconds bigint not null default 1
    check (billing_increment_seconds between 1 and 3600);
update tenant_numbers
set inbound_per_min_e4 = (select n.inbound_per_min_e4 from numbers n where n.id = tenant_numbers.number_id),
    outbound_per_min_e4 = (select n.outbound_per_min_e4 from numbers n where n.id = tenant_numbers.number_id),
    billing_increment_seconds = (select n.billing_increment_seconds from numbers n where n.id = tenant_numbers.number_id);

alter table numbers drop column currency;
alter table numbers drop column monthly_price_minor;
alter table numbers drop column inbound_per_min_e4;
alter table numbers drop column outbound_per_min_e4;
alter table numbers drop column billing_increment_seconds;

-- A changed set of states is a new column: SQLite can't change a check.
drop index numbers_available;
alter table numbers add column standing text not null default 'available'
    check (standing in ('available', 'reserved', 'assigned', 'cooling_off', 'retired'));
update numbers set standing = case state when 'claimed' then 'assigned' else state end;
alter table numbers drop column state;
alter table numbers rename column standing to state;
create index numbers_available on numbers (country, e164) where state = 'available';

-- Null: of no series, from before there were any.
alter table numbers add column series_id text references number_series (id);
-- Who alone may claim a number that is reserved or cooling off.
alter table numbers add column kept_for text references workspaces (id);
-- When a number that is cooling off is free for everybody.
alter table numbers add column kept_until bigint;
create index numbers_by_series on numbers (series_id, e164);
create index numbers_kept on numbers (kept_for) where kept_for is not null;
create index numbers_cooling_off on numbers (kept_until) where state = 'cooling_off';
