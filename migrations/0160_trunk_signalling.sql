-- How SIP travels to a trunk, how it knows us, and how it is spoken to.
alter table trunks add column transport text not null default 'udp' check (transport in ('udp', 'tcp', 'tls'));
-- The name in the certificate that it shows when it connects to us.
alter table trunks add column certificate_name text;
-- Host and port where requests go instead of its address.
alter table trunks add column outbound_proxy text;
-- The host in its URIs; null is its address.
alter table trunks add column domain text;
alter table trunks add column is_registering bigint not null default 0 check (is_registering in (0, 1));
-- The user part of From where the carrier wants the account there.
alter table trunks add column from_user text;
-- Where the caller's number stands: in From alone, or in P-Asserted-Identity or Remote-Party-ID too.
alter table trunks add column identity text not null default 'from' check (identity in ('from', 'pai', 'rpid'));
alter table trunks add column number_format text not null default 'e164'
    check (number_format in ('e164', 'e164_plain', 'international', 'national'));
-- Null is no limit.
alter table trunks add column calls_per_second bigint check (calls_per_second between 1 and 10000);
-- Between two OPTIONS; null asks nothing.
alter table trunks add column options_every_seconds bigint check (options_every_seconds between 5 and 3600);
