//! What an operator sees of two real processes with RabbitMQ between them: their metrics, one trace from
//! the upload through every stage, and log lines with its id; and what nobody may see there.

use std::{
    collections::BTreeSet,
    io::Write as _,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, routing::post};
use infra::telemetry::DESCRIBED;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{ResourceSpans, Span},
};
use prost::Message as _;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::server::{Medbot, Shared, document, folder, turn};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
/// What a file is called says who it is of.
const FILE: &str = "jane-doe-1957";
/// Nothing went wrong here, so that nothing of it was counted; nor may a limit be there.
const OF_TROUBLE: [&str; 4] = [
    "medbot_memory_limit_bytes",
    "medbot_tasks_swept_total",
    "medbot_sandbox_ends_total",
    "medbot_review_confidence_gap_ratio",
];

// The collector must answer while a process is waited for.
#[tokio::test(flavor = "multi_thread")]
async fn one_trace_metrics_and_lines_without_a_patient() {
    let _turn = turn().await;
    let folder = folder();
    let (collector, spans) = collector().await;
    let broker = std::env::var("MEDBOT_TEST_AMQP_URL").expect("infra/test starts a broker");
    let shared = Shared::in_folder(
        folder.path(),
        &[
            ("QUEUE_URL", &broker),
            ("MEDBOT_ENGINES", "tesseract"),
            ("MEDBOT_METRICS", "127.0.0.1:0"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector),
        ],
    );
    let (mut api, caller) = shared.serve(&[]);
    let mut worker = shared.work(&[("MEDBOT_LOG_FORMAT", "json")]);

    let answer: Value = caller
        .ask(Method::POST, "/v1/documents")
        .header("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01"))
        .header(
            "content-disposition",
            format!("attachment; filename=\"{FILE}.png\""),
        )
        .body(document("lab_columns.png"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let job = answer["jobs"][0]["job_id"].as_str().unwrap().to_owned();
    // Events to the end of the job.
    let events = caller.get(&format!("/v1/jobs/{job}/events")).await;
    assert!(events.text().await.unwrap().contains("event: job"));
    let response = caller.get("/metrics").await;
    assert_eq!(
        response.status(),
        StatusCode::NOT_FOUND,
        "not for strangers"
    );

    let texts = [metrics(&api).await, metrics(&worker).await];
    check_metrics(&texts);
    let text = texts.concat();
    for secret in [&*job, FILE, TRACE, "lab_columns"] {
        assert!(!text.contains(secret), "a metric says {secret}");
    }

    for process in [&mut api, &mut worker] {
        process.signal("TERM");
        assert_eq!(process.ended(), Some(0));
    }
    one_trace(&spans.lock().unwrap());
    for line in worker.log().lines() {
        let _: Value = serde_json::from_str(line).expect("a line of JSON");
    }
    let ended = worker.log();
    let ended = ended
        .lines()
        .find(|line| line.contains("a job ended"))
        .unwrap();
    let ended: Value = serde_json::from_str(ended).unwrap();
    assert_eq!(ended["span"]["trace_id"], TRACE, "{ended}");
    assert_eq!(ended["job"], *job);
    assert!(!(api.log() + &worker.log()).contains(FILE));
}

/// A collector of traces, and what it got.
async fn collector() -> (String, Arc<Mutex<Vec<Bytes>>>) {
    let got = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&got);
    let take = post(async move |body: Bytes| kept.lock().unwrap().push(body));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/v1/traces", take);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}"), got)
}

pub async fn metrics(process: &Medbot) -> String {
    let address = process.logged("metrics are served", "address").await;
    reqwest::get(format!("http://{address}/metrics"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap()
}

/// They are as Prometheus wants them, and those that are described: no more, and no fewer but those of
/// trouble.
fn check_metrics(texts: &[String]) {
    for text in texts {
        let mut promtool = Command::new("promtool")
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("promtool, of the package prometheus");
        promtool
            .stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        let said = promtool.wait_with_output().unwrap();
        assert!(
            said.status.success(),
            "{}",
            String::from_utf8_lossy(&said.stderr)
        );
    }
    let told: BTreeSet<&str> = texts
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .filter(|name| !name.starts_with("process_"))
        .collect();
    let described: BTreeSet<&str> = DESCRIBED.iter().map(|(name, ..)| *name).collect();
    assert_eq!(
        told.difference(&described).collect::<Vec<_>>(),
        [&""; 0],
        "not described"
    );
    let missing: Vec<_> = described
        .difference(&told)
        .filter(|name| !OF_TROUBLE.contains(name))
        .collect();
    assert_eq!(missing, [&""; 0], "not told");
}

/// Every stage of the job hangs on the request, in the trace that the client began.
fn one_trace(bodies: &[Bytes]) {
    let sent: Vec<ResourceSpans> = bodies
        .iter()
        .flat_map(|body| {
            ExportTraceServiceRequest::decode(&**body)
                .unwrap()
                .resource_spans
        })
        .collect();
    let of_service = |spans: &ResourceSpans| {
        let attributes = &spans.resource.as_ref().unwrap().attributes;
        let name = attributes
            .iter()
            .find(|one| one.key == "service.name")
            .unwrap();
        format!("{:?}", name.value).contains("medbot")
    };
    assert!(sent.iter().all(of_service), "whose spans are these?");
    let spans: Vec<Span> = sent
        .into_iter()
        .flat_map(|spans| spans.scope_spans)
        .flat_map(|spans| spans.spans)
        .filter(|span| hex(&span.trace_id) == TRACE)
        .collect();
    let upload = spans
        .iter()
        .find(|span| span.name == "POST /v1/documents")
        .expect("the upload");
    assert_eq!(hex(&upload.parent_span_id), "b7ad6b7169203331");
    let stages: BTreeSet<&str> = spans
        .iter()
        .filter(|span| span.parent_span_id == upload.span_id)
        .map(|span| &*span.name)
        .collect();
    let all = [
        "decode",
        "detect",
        "extract",
        "fuse",
        "index",
        "prepare",
        "recognise:tesseract",
    ];
    assert_eq!(stages, BTreeSet::from(all));
    let text = format!("{spans:?}");
    assert!(!text.contains(FILE), "a span says whose document it is");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
