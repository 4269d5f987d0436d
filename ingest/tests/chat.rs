//! The chat as its users meet it: the real binary, its private PostgreSQL, real pages. A sample of the
//! questions; all of them are asked by `benches --bin chat`.
#![expect(clippy::unwrap_used, reason = "all of this is tests")]

#[path = "service/server.rs"]
#[expect(dead_code, reason = "the service's tests use the rest")]
mod server;

#[path = "chat/alarm.rs"]
mod alarm;
#[path = "chat/model.rs"]
mod model;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use server::{Caller, Medbot, document, folder, problem, turn};

async fn ask(caller: &Caller, body: &Value) -> Value {
    let answer = caller.ask(Method::POST, "/v1/chat").json(body);
    let answer = answer.send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert_eq!(status, StatusCode::OK, "{body}: {text}");
    serde_json::from_str(&text).unwrap()
}

fn said(answer: &Value) -> String {
    let sentences = answer["sentences"].as_array().unwrap().iter();
    let texts: Vec<&str> = sentences.map(|s| s["text"].as_str().unwrap()).collect();
    texts.join(" ")
}

#[tokio::test]
async fn questions_are_answered_with_what_proves_it_or_refused() {
    let _turn = turn().await;
    let data = folder();
    let settings = [("MEDBOT_COUNTRY", "GB"), ("MEDBOT_GUESTS", "yes")];
    let server = Medbot::up(data.path(), &settings);
    let caller = Caller::admin(&server, data.path());
    caller.until("/readyz", StatusCode::OK).await;
    let (job, id) = caller
        .take("order.pdf", document("order_hidden_text.pdf"))
        .await;
    caller.end_of(&job).await;
    let result = caller.json(&format!("/v1/documents/{id}")).await;

    // Each answer: a part that stands in it, and how it ends.
    let mut session = Value::Null;
    for (question, part, outcome) in [
        (
            "How often may Mabel take oxycodone?",
            "every 6 hours as needed",
            "answered",
        ),
        (
            "which allergy is printed, and the reaction?",
            "angioedema",
            "answered",
        ),
        ("order number", "A00103324", "answered"),
        ("What is her INR?", "do not say", "not_found"),
        ("is she on a blood thinner", "Warfarin", "answered"),
        ("is she on a statin", "do not say", "not_found"),
        // A clinic's address is printed, hers is not.
        ("where does she live", "do not say", "not_found"),
        (
            "Which surgeon operated on the knee?",
            "do not say",
            "not_found",
        ),
        (
            "Can I stop the oxycodone?",
            "for the prescriber to decide",
            "referred",
        ),
        ("i cant breathe and my lips are blue", "999", "emergency"),
    ] {
        let mut body = json!({"question": question, "document": id});
        if !session.is_null() {
            body["session"] = session.clone();
        }
        let answer = ask(&caller, &body).await;
        assert_eq!(answer["outcome"], outcome, "{question}: {answer}");
        assert!(said(&answer).contains(part), "{question}: {answer}");
        session = answer["session"].clone();
        if outcome != "answered" {
            continue;
        }
        for sentence in answer["sentences"].as_array().unwrap() {
            let citations = sentence["citations"].as_array().unwrap();
            assert!(!citations.is_empty(), "{sentence}");
            for citation in citations {
                assert_eq!(citation["document"], id.as_str());
                // The words are of that page, and say what is quoted.
                for word in citation["words"].as_array().unwrap() {
                    let word = word.as_str().unwrap();
                    let page = &result["pages"][citation["page"].as_u64().unwrap() as usize];
                    let text = text_of(page, word).unwrap_or_else(|| panic!("no word {word}"));
                    assert!(
                        citation["quote"].as_str().unwrap().contains(&text),
                        "{citation}: {text}"
                    );
                }
            }
        }
    }

    // The conversation is kept, sealed, for this key alone.
    let session = session.as_str().unwrap();
    let history = caller.json(&format!("/v1/chat/sessions/{session}")).await;
    assert_eq!(history["turns"].as_array().unwrap().len(), 10);
    let list = caller.json("/v1/chat/sessions").await;
    assert_eq!(
        list["sessions"][0]["title"],
        "How often may Mabel take oxycodone?"
    );

    // A card, also for a guest; a guest asks nothing else.
    let guest = Caller::new(&server.url, None);
    let card = json!({"question": "what does vitamin K do to warfarin", "among": "knowledge"});
    for who in [&caller, &guest] {
        let answer = ask(who, &card).await;
        assert_eq!(answer["outcome"], "answered", "{answer}");
        let citation = &answer["sentences"][0]["citations"][0];
        assert_eq!(citation["id"], "warfarin-vitamin-k");
        assert_eq!(citation["clinically_reviewed"], false);
    }
    let theirs = guest
        .ask(Method::POST, "/v1/chat")
        .json(&json!({"question": "What is her name?", "document": id}));
    problem(theirs.send().await.unwrap(), 401, "unauthenticated").await;
    let endless = json!({"question": "a".repeat(2001)});
    let endless = caller.ask(Method::POST, "/v1/chat").json(&endless);
    problem(endless.send().await.unwrap(), 422, "invalid-question").await;

    // Sentences as they come.
    let stream = caller
        .ask(Method::POST, "/v1/chat")
        .header("accept", "text/event-stream")
        .json(&json!({"question": "order number", "document": id}));
    let stream = stream.send().await.unwrap().text().await.unwrap();
    let events: Vec<&str> = stream
        .lines()
        .filter_map(|line| line.strip_prefix("event: "))
        .collect();
    assert_eq!(events.last(), Some(&"answer"), "{stream}");
    assert!(events.contains(&"sentence"), "{stream}");

    // Who erases a document erases what was said of it.
    let erased = caller.ask(Method::DELETE, &format!("/v1/documents/{id}"));
    assert!(erased.send().await.unwrap().status().is_success());
    let history = caller.json(&format!("/v1/chat/sessions/{session}")).await;
    assert_eq!(history["turns"], json!([]), "turns of an erased document");
    let answer = ask(
        &caller,
        &json!({"question": "order number", "among": "documents"}),
    )
    .await;
    assert_eq!(answer["outcome"], "not_found", "{answer}");
    let gone = caller.ask(Method::DELETE, &format!("/v1/chat/sessions/{session}"));
    assert_eq!(gone.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    problem(
        caller.get(&format!("/v1/chat/sessions/{session}")).await,
        404,
        "not-found",
    )
    .await;

    let log = caller.json("/v1/admin/audit").await.to_string();
    assert!(
        log.contains("chat.ask") && log.contains("chat.remove"),
        "{log}"
    );
    assert!(!log.contains("oxycodone"), "a question stands in the log");
}

fn text_of(page: &Value, id: &str) -> Option<String> {
    let lines = page["lines"].as_array()?.iter();
    let mut words = lines.flat_map(|line| line["words"].as_array().into_iter().flatten());
    let word = words.find(|word| word["id"] == id)?;
    Some(word["text"].as_str()?.to_owned())
}
