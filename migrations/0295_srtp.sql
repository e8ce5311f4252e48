-- How the audio of trunks and devices is encrypted.
alter table trunks add column srtp text not null default 'accepted'
    check (srtp in ('off', 'accepted', 'preferred', 'required'));
alter table sip_credentials add column srtp text not null default 'accepted'
    check (srtp in ('off', 'accepted', 'preferred', 'required'));
