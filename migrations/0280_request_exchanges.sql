-- Headers and bodies of a logged request as JSON, cut and without secrets; null where nothing was kept of them.

alter table requests add column exchange text;
