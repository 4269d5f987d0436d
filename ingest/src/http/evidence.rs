//! `/v1/entities/{id}/evidence.png`: the pixels that prove an entity.

use std::io::Cursor;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse as _, Response},
};
use infra::store;
use schemas::{Artefact, BBox, Document, Entity, EntityId};

use super::{
    Api,
    auth::Known,
    documents::{self, key},
    extract::PathId,
    problem::{ApiError, Errors},
};

/// Largest raster that is taken into memory.
const LARGEST_RASTER: u64 = 512 << 20;
/// Paper around the words, in heights of their box, within these limits in pixels.
const MARGIN: f32 = 0.5;
const MARGINS: std::ops::RangeInclusive<f32> = 8.0..=60.0;

/// The part of the page on which the entity's words stand.
#[utoipa::path(
    get,
    path = "/v1/entities/{id}/evidence.png",
    tag = "entities",
    params(("id" = String, Path, description = "Entity (`entity_id`)")),
    responses(
        (status = 200, description = "The crop", body = Vec<u8>, content_type = "image/png"),
        (status = 404, description = "There is no such entity", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 409, description = "Its document is being read again", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn crop(
    State(api): State<Api>,
    known: Known,
    PathId(id): PathId<EntityId>,
) -> Result<Response, ApiError> {
    let caller = known.reader(&api).await?;
    let found = api
        .db
        .entity(caller.tenant, id)
        .await?
        .ok_or(ApiError::NotFound)?;
    let row = documents::find(&api, &caller, found.document).await?;
    let document = documents::result(&api, &caller, &row).await?;
    let (page, place) = place(&document, &found.entity).ok_or(ApiError::NotFound)?;
    let artefact = Artefact::Raster(found.job, page);
    let body = api
        .store
        .get(key(&caller, found.document, artefact))
        .await?;
    let raster = store::collect(body, LARGEST_RASTER).await?;
    let cut = tokio::task::spawn_blocking(move || cut(&raster, place))
        .await
        .map_err(|_| ApiError::Internal)?
        .ok_or(ApiError::Internal)?;
    Ok(([(header::CONTENT_TYPE, "image/png")], cut).into_response())
}

/// The page of an entity's first word and the box around its words on it.
fn place(document: &Document, entity: &Entity) -> Option<(u32, BBox)> {
    let page = document.pages.get(entity.page?)?;
    let place = page
        .lines
        .iter()
        .flat_map(|line| &line.words)
        .filter(|word| entity.words.contains(&word.id))
        .map(|word| word.bbox)
        .reduce(|a, b| a.union(&b))?;
    Some((u32::try_from(page.index).ok()?, place))
}

fn cut(raster: &[u8], place: BBox) -> Option<Vec<u8>> {
    let page = workers::decode::raster_from_png(raster)?;
    let margin = (MARGIN * place.height()).clamp(*MARGINS.start(), *MARGINS.end());
    let x0 = (place.x0 - margin).max(0.0) as u32;
    let y0 = (place.y0 - margin).max(0.0) as u32;
    let x1 = ((place.x1 + margin).ceil() as u32).min(page.width());
    let y1 = ((place.y1 + margin).ceil() as u32).min(page.height());
    let width = x1.checked_sub(x0).filter(|width| *width > 0)?;
    let height = y1.checked_sub(y0).filter(|height| *height > 0)?;
    let crop = image::imageops::crop_imm(&page, x0, y0, width, height).to_image();
    let mut png = Cursor::new(Vec::new());
    crop.write_to(&mut png, image::ImageFormat::Png).ok()?;
    Some(png.into_inner())
}
