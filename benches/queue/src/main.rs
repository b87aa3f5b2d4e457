//! What a kept queue library (`graphile_worker`) takes for the work that rollcall's queue does.
//!
//! `queue-beside URL JOBS`: the database at `URL` holds the orders of a first sync in `jobs` and the enrollments that
//! they lead to in `final`. The first `JOBS` of them are handed to the library, whose handler writes one row of
//! `enrollments` for each: less than rollcall does, which also finds the assignments and works out the due date.
//! Prints the seconds from the start of its worker until its own queue is empty.

use std::time::{Duration, Instant};

use graphile_worker::{IntoTaskHandlerResult, LocalQueueConfig, WorkerContext, WorkerOptions};
use graphile_worker_task_handler::TaskHandler;
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

/// How many handlers run at once, each with a connection.
const CONCURRENCY: usize = 16;

#[derive(Deserialize, Serialize)]
struct Settle {
    learner: i64,
    course: i64,
}

impl TaskHandler for Settle {
    const IDENTIFIER: &'static str = "settle";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let pool = context.get_ext::<PgPool>().expect("the pool was given");
        sqlx::query(
            "INSERT INTO enrollments SELECT * FROM final WHERE learner_id = $1 AND course_id = $2
             ON CONFLICT (learner_id, course_id) DO NOTHING",
        )
        .bind(self.learner)
        .bind(self.course)
        .execute(pool)
        .await
        .map(drop)
        .map_err(|error| error.to_string())
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, jobs] = arguments.as_slice() else { panic!("queue-beside URL JOBS") };
    let jobs: i64 = jobs.parse().expect("a number of jobs");
    let pool = PgPoolOptions::new()
        .max_connections(CONCURRENCY as u32 + 4)
        .connect(url)
        .await
        .expect("the database answers");
    let worker = WorkerOptions::default()
        .concurrency(CONCURRENCY)
        .poll_interval(Duration::from_millis(5))
        .complete_job_batch_delay(Duration::from_millis(5))
        .local_queue(LocalQueueConfig::default().with_size(1_000))
        .listen_os_shutdown_signals(false)
        .define_job::<Settle>()
        .add_extension(pool.clone())
        .pg_pool(pool.clone())
        .init()
        .await
        .expect("the library makes its tables");
    sqlx::query(
        "SELECT count(graphile_worker.add_job('settle', json_build_object('learner', learner_id, 'course', course_id)))
         FROM (SELECT learner_id, course_id FROM jobs ORDER BY id LIMIT $1) first",
    )
    .bind(jobs)
    .execute(&pool)
    .await
    .expect("the library takes the jobs");

    let began = Instant::now();
    let working = tokio::spawn(async move { worker.run().await });
    while left(&pool).await > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("{}", began.elapsed().as_secs_f64());
    working.abort();
}

async fn left(pool: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM (SELECT 1 FROM graphile_worker._private_jobs LIMIT 1) one")
        .fetch_one(pool)
        .await
        .expect("the library's queue can be counted")
}
