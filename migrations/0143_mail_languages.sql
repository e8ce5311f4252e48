-- In which language an address is written to, once its person has chosen one.
create table mail_languages (
    email text primary key,
    language text not null check (language in ('en', 'sw')),
    chosen_at bigint not null
);
