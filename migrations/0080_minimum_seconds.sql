-- What an answered call is billed for at least, beside the step in which time is sold: 60/1 is a minute at least, then by the
-- second. A minimum below the increment means one increment, so that rates of before stay what they were.
alter table call_legs add column billing_minimum_seconds bigint not null default 1
    check (billing_minimum_seconds between 1 and 3600);
alter table destination_prices add column billing_minimum_seconds bigint not null default 1
    check (billing_minimum_seconds between 1 and 3600);
