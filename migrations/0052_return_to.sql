-- The page that a link was asked for on, sealed: an invitation's address holds its token.

alter table magic_links add column return_to_sealed text;
