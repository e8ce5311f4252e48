//! SQL of conferences that have begun, and of who is in.

use sautikit_api::ids::WorkspaceId;
use sqlx::{AnyConnection, Row};

use crate::db::batch::Batch;
use crate::db::rows::{Cell, Column, Filled, Rows, Tells};
use crate::db::{Dialect, statements};
use crate::row;

use Column::{Int, Text};

statements! {
    /// Whoever looks at whose it is next waits until whoever takes it has done so.
    LOCK_CONFERENCE = "
        update live_conferences
        set begun_at = begun_at
        where id = $1";
    FIND_NODE = "
        select node_id
        from live_conferences
        where id = $1";
    /// The oldest, where nodes have conferences of one name.
    FIND_NODE_OF_NAMED = "
        select node_id
        from live_conferences
        where workspace_id = $1 and (id = $2 or name = $2) and node_id > ''
        order by begun_at, id
        limit 1";
    LIST_OF_NODE = "
        select id, workspace_id, name
        from live_conferences
        where node_id = $1
        order by begun_at
        limit $2";
    TAKE_CONFERENCE = "
        update live_conferences
        set node_id = ''
        where id = $1 and node_id = $2";
    LIST_MEMBERS = "
        select call_id, party
        from live_conference_members
        where conference_id = $1
        order by joined_at desc, call_id";
    DELETE_MEMBERS = "
        delete from live_conference_members
        where conference_id = $1";
    DELETE_TAKEN = "
        delete from live_conferences
        where node_id = '' and begun_at < $1";
}

static INSERT_CONFERENCES: Rows = Rows::new(
    "INSERT_CONFERENCES",
    1,
    Tells::Nothing,
    "insert into live_conferences (id, workspace_id, node_id, name, begun_at)
    select {columns}
    from {rows} as v
    where v.column1 is not null
    on conflict (id) do update
    set node_id = excluded.node_id, begun_at = excluded.begun_at",
    &[Text, Text, Text, Text, Int],
);
static INSERT_MEMBERS: Rows = Rows::new(
    "INSERT_MEMBERS",
    1,
    Tells::Nothing,
    "insert into live_conference_members (conference_id, call_id, workspace_id, party, joined_at)
    select {columns}
    from {rows} as v
    where v.column1 is not null
    on conflict do nothing",
    &[Text, Text, Text, Text, Int],
);
static DELETE_LEFT: Rows = Rows::new(
    "DELETE_LEFT",
    1,
    Tells::Nothing,
    "delete from live_conference_members
    where (conference_id, call_id) in (select v.column1, v.column2 from {rows} as v)",
    &[Text, Text],
);
static DELETE_MEMBERS_OF: Rows = Rows::new(
    "DELETE_MEMBERS_OF",
    1,
    Tells::Nothing,
    "delete from live_conference_members
    where conference_id in (select v.column1 from {rows} as v)",
    &[Text],
);
static DELETE_CONFERENCES: Rows = Rows::new(
    "DELETE_CONFERENCES",
    1,
    Tells::Nothing,
    "delete from live_conferences
    where id in (select v.column1 from {rows} as v)",
    &[Text],
);

/// What conferences come to; no row is in two of the statements.
pub(in crate::calls) static CONFERENCES: Batch = Batch::planned_each_time(
    "CONFERENCES",
    &[&INSERT_CONFERENCES, &INSERT_MEMBERS, &DELETE_LEFT, &DELETE_MEMBERS_OF, &DELETE_CONFERENCES],
);

/// Somebody in a conference that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::calls) struct MemberRow {
    pub(in crate::calls) call_id: String,
    pub(in crate::calls) party: String,
}

/// A conference that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::calls) struct ConferenceRow {
    pub(in crate::calls) id: String,
    pub(in crate::calls) workspace_id: WorkspaceId,
    pub(in crate::calls) name: String,
}

/// What is to be written of conferences.
#[derive(Debug, Default)]
pub(in crate::calls) struct Written {
    /// Id, workspace, name, and since when (microseconds UTC).
    pub(in crate::calls) begun: Vec<(String, WorkspaceId, String, i64)>,
    /// Conference, who, workspace, and since when.
    pub(in crate::calls) joined: Vec<(String, MemberRow, WorkspaceId, i64)>,
    /// Conference and call.
    pub(in crate::calls) left: Vec<(String, String)>,
    /// Those that are over.
    pub(in crate::calls) over: Vec<String>,
}

/// Writes what became of conferences of the node.
pub(in crate::calls) async fn write(
    tx: &mut AnyConnection,
    dialect: Dialect,
    node_id: &str,
    written: Written,
) -> Result<(), sqlx::Error> {
    let begun = written.begun.into_iter().flat_map(|(id, workspace, name, at_us)| {
        [Cell::from(id), workspace.to_string().into(), node_id.into(), name.into(), at_us.into()]
    });
    let joined = written.joined.into_iter().flat_map(|(conference, member, workspace, at_us)| {
        let MemberRow { call_id, party } = member;
        [Cell::from(conference), call_id.into(), workspace.to_string().into(), party.into(), at_us.into()]
    });
    let left = written.left.into_iter().flat_map(|(conference, call)| [Cell::from(conference), call.into()]);
    let over = || written.over.iter().map(|id| Cell::from(id.as_str()));
    let filled: Vec<Filled> = vec![
        INSERT_CONFERENCES.with(begun),
        INSERT_MEMBERS.with(joined),
        DELETE_LEFT.with(left),
        DELETE_MEMBERS_OF.with(over()),
        DELETE_CONFERENCES.with(over()),
    ];
    CONFERENCES.run(tx, dialect, filled).await.map(drop)
}

/// Whether another than the node has the conference, now and until the transaction ends.
pub(in crate::calls) async fn is_anothers(
    tx: &mut AnyConnection,
    id: &str,
    node_id: &str,
) -> Result<bool, sqlx::Error> {
    sqlx::query(LOCK_CONFERENCE).bind(id.to_owned()).execute(&mut *tx).await?;
    let found: Option<String> = sqlx::query_scalar(FIND_NODE).bind(id.to_owned()).fetch_optional(tx).await?;
    Ok(found.is_some_and(|found| found != node_id))
}

/// The node that has the workspace's conference of this id or name.
pub(in crate::calls) async fn find_node(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    text: &str,
) -> Result<Option<String>, sqlx::Error> {
    let query = sqlx::query_scalar(FIND_NODE_OF_NAMED).bind(workspace.to_string()).bind(text.to_owned());
    query.fetch_optional(conn).await
}

/// Conferences that the node has begun and not ended.
pub(in crate::calls) async fn list_of_node(
    conn: &mut AnyConnection,
    node_id: &str,
    limit: i64,
) -> Result<Vec<ConferenceRow>, sqlx::Error> {
    let rows = sqlx::query(LIST_OF_NODE).bind(node_id.to_owned()).bind(limit).fetch_all(conn).await?;
    let one = |row: &sqlx::any::AnyRow| {
        Ok(ConferenceRow {
            id: row.try_get("id")?,
            workspace_id: row::parsed(row, "workspace_id")?,
            name: row.try_get("name")?,
        })
    };
    rows.iter().map(one).collect()
}

/// Takes a conference from the node that has it, with whoever is in, the newest first; none where somebody else has taken it.
pub(in crate::calls) async fn take(
    tx: &mut AnyConnection,
    id: &str,
    node_id: &str,
) -> Result<Option<Vec<MemberRow>>, sqlx::Error> {
    let taken = sqlx::query(TAKE_CONFERENCE).bind(id.to_owned()).bind(node_id.to_owned());
    if taken.execute(&mut *tx).await?.rows_affected() == 0 {
        return Ok(None);
    }
    let rows = sqlx::query(LIST_MEMBERS).bind(id.to_owned()).fetch_all(&mut *tx).await?;
    sqlx::query(DELETE_MEMBERS).bind(id.to_owned()).execute(tx).await?;
    let member =
        |row: &sqlx::any::AnyRow| Ok(MemberRow { call_id: row.try_get("call_id")?, party: row.try_get("party")? });
    rows.iter().map(member).collect::<Result<_, sqlx::Error>>().map(Some)
}

/// Forgets those that were taken and had begun before that moment.
pub(in crate::calls) async fn forget_taken(conn: &mut AnyConnection, before_us: i64) -> Result<(), sqlx::Error> {
    sqlx::query(DELETE_TAKEN).bind(before_us).execute(conn).await.map(drop)
}
