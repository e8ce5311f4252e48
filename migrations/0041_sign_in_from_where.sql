-- From where people ask for links and sign in: the limit per address of the network, and what the list of sessions shows.

alter table magic_links add column ip text;
create index magic_links_of_ip on magic_links (ip, created_at);
alter table sessions add column ip text;
alter table sessions add column user_agent text;
