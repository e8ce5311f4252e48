use sqlx::Connection;

use super::*;

static PUT: Rows = Rows::new(
    "PUT",
    2,
    Tells::Changes,
    "insert into things (id, n) select {columns} from {rows} as v where v.column1 is not null
    on conflict (id) do nothing",
    &[Column::Text, Column::Int],
);
static SEE: Rows = Rows::new(
    "SEE",
    1,
    Tells::Answers,
    "select {answer: t.id, t.n} from {rows} as v join things t on t.id = v.column1",
    &[Column::Text],
);
static BOTH: Batch = Batch::new("BOTH", &[&PUT, &SEE]);

async fn things() -> AnyConnection {
    sqlx::any::install_default_drivers();
    let mut conn = AnyConnection::connect("sqlite::memory:").await.unwrap();
    conn.execute("create table things (id text primary key, n bigint not null)").await.unwrap();
    conn
}

fn put(rows: usize) -> Filled {
    PUT.with((0..rows).flat_map(|n| [Cell::from(format!("t{n}")), Cell::from(n as i64)]))
}

fn see(ids: &[&str]) -> Filled {
    SEE.with(ids.iter().map(|id| Cell::from(*id)))
}

#[test]
fn postgres_gets_one_statement_whose_parameters_are_numbered_through() {
    assert_eq!(
        text(BOTH.statements, Dialect::Postgres, 1),
        "with PUT as (
insert into things (id, n) select v.column1, v.column2 from (values (cast($1 as text), cast($2 as bigint)), ($3, $4)) \
         as v where v.column1 is not null
    on conflict (id) do nothing
returning 1
),
SEE as (
select cast(json_build_array(t.id, t.n) as text) as answer from (values (cast($5 as text))) as v join things t on t.id \
         = v.column1
)
select cast('PUT' as text) as statement, cast(count(*) as text) as answer from PUT
union all select cast('SEE' as text) as statement, answer from SEE"
    );
}

#[test]
fn the_size_is_what_the_fullest_statement_needs() {
    let size = |filled: Vec<Filled>| size_of(BOTH.statements, &BOTH.in_order(filled));
    assert_eq!(size(vec![]), 0);
    assert_eq!(size(vec![see(&[])]), 0);
    assert_eq!(size(vec![put(2)]), 1);
    assert_eq!(size(vec![put(3)]), 2);
    assert_eq!(size(vec![put(3), see(&["a", "b", "c"])]), 4);
}

#[tokio::test]
async fn statements_run_in_their_order_and_tell_what_they_did() {
    let mut conn = things().await;
    let told = BOTH.run(&mut conn, Dialect::Sqlite, vec![see(&["t1", "t9"]), put(3)]).await.unwrap();
    assert_eq!(told.changes(&PUT), 3);
    assert_eq!(told.answers::<(String, i64)>(&SEE).unwrap(), [("t1".to_owned(), 1)]);

    let told = BOTH.run(&mut conn, Dialect::Sqlite, vec![put(4)]).await.unwrap();
    assert_eq!(told.changes(&PUT), 1, "three stood there");
    assert!(told.answers::<(String, i64)>(&SEE).unwrap().is_empty());
}

#[tokio::test]
async fn more_rows_than_a_message_holds_are_all_written() {
    let mut conn = things().await;
    let told = BOTH.run(&mut conn, Dialect::Sqlite, vec![put(1_000), see(&["t999"])]).await.unwrap();
    assert_eq!(told.changes(&PUT), 1_000);
    assert_eq!(told.answers::<(String, i64)>(&SEE).unwrap(), [("t999".to_owned(), 999)]);
}

#[tokio::test]
async fn nothing_to_do_asks_nothing() {
    sqlx::any::install_default_drivers();
    let mut conn = AnyConnection::connect("sqlite::memory:").await.unwrap();
    // Without the table any statement would fail.
    assert!(BOTH.run(&mut conn, Dialect::Sqlite, vec![put(0), see(&[])]).await.is_ok());
}

#[test]
fn postgres_gets_no_row_of_a_batch_that_tells_nothing() {
    static DROP: Rows = Rows::new(
        "DROP",
        1,
        Tells::Nothing,
        "delete from things where id in (select v.column1 from {rows} as v)",
        &[Column::Text],
    );
    static SILENT: Batch = Batch::new("SILENT", &[&DROP]);
    assert!(text(SILENT.statements, Dialect::Postgres, 1).ends_with("select 1 where false"));
}
