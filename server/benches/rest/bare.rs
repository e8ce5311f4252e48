//! What there is to compare with: axum and our pool with nothing of ours around them, in a process of its own.

use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use sautikit::config::Database;
use sautikit::db::Db;
use serde_json::{Value, json};

use super::subject::Subject;
use super::{Outcome, page};

/// The argument that makes this program the bare server.
pub(super) const COMMAND: &str = "bare";
/// As the product's default.
const CONNECTIONS: u32 = 16;

/// The process; ends when dropped.
pub(super) struct Bare {
    pub(super) subject: Subject,
    pub(super) http: String,
}

impl Bare {
    /// Starts it over the database that the server under measurement uses.
    pub(super) fn start(url: &str, workspace: &str) -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut process = command.args([COMMAND, url, workspace]).stdout(Stdio::piped()).spawn()?;
        let output = process.stdout.take();
        let subject = Subject { processes: vec![process], sip: (Ipv4Addr::UNSPECIFIED, 0).into() };
        let mut line = String::new();
        BufReader::new(output.ok_or("no stdout")?).read_line(&mut line)?;
        Ok(Self { subject, http: line.trim().to_owned() })
    }
}

/// Serves until it is killed; prints its address.
pub(super) async fn serve(url: &str, workspace: &str) -> Outcome<()> {
    let db = Db::connect(&Database { url: url.to_owned(), max_connections: CONNECTIONS }).await?;
    sqlx::query("create table if not exists bench_rows (id text primary key, value bigint)").execute(db.pool()).await?;
    let router = Router::new()
        .route("/constant", get(async || Json(json!({ "balance_minor": 0, "currency": "KES" }))))
        .route("/row", get(read_row).post(insert_row))
        .route("/page", get(page::list))
        .with_state((db, workspace.to_owned()));
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}

async fn read_row(State((db, workspace)): State<(Db, String)>) -> Result<Json<Value>, StatusCode> {
    let query = sqlx::query_scalar("select balance_minor from wallets where workspace_id = $1").bind(workspace);
    let balance_minor: i64 = query.fetch_one(db.pool()).await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Json(json!({ "balance_minor": balance_minor, "currency": "KES" })))
}

async fn insert_row(State((db, _)): State<(Db, String)>) -> Result<StatusCode, StatusCode> {
    let insert = async {
        let mut tx = db.begin_write().await?;
        let query = sqlx::query("insert into bench_rows (id, value) values ($1, 1)");
        query.bind(uuid::Uuid::new_v4().to_string()).execute(&mut *tx).await?;
        tx.commit().await
    };
    insert.await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(StatusCode::CREATED)
}
