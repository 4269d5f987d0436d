//! The only place that calls PDFium: documents, pages, renders and glyphs as owned Rust values.
//!
//! Handles are freed in the order that PDFium asks for because each value keeps its parent alive or
//! borrowed. Limit: PDFium is not thread-safe; `pdfium-render` puts a lock around every call, and a
//! sandboxed child has one thread anyway.
#![expect(
    unsafe_code,
    reason = "PDFium is a C library; every call into it is unsafe"
)]

use std::ffi::{c_int, c_ulong, c_void};
use std::path::Path;
use std::ptr;
use std::sync::{Arc, OnceLock};

use image::RgbImage;
use pdfium_render::prelude::{PdfiumLibraryBindings, PdfiumLibraryBindingsAccessor};
use schemas::BBox;

/// Draw annotations, red first.
const FLAGS: c_int = 0x01 | 0x10;
/// Four bytes a pixel, the last unused.
const BGRX: c_int = 3;
const WHITE: u32 = 0xffff_ffff;
const INVISIBLE: c_int = 3;
/// Device units a pixel when glyph boxes are asked for: PDFium rounds to whole units.
const FINE: c_int = 16;
/// `FPDF_ERR_PASSWORD` and `FPDF_ERR_SECURITY`.
const LOCKED: [c_ulong; 2] = [4, 5];

type Calls = &'static dyn PdfiumLibraryBindings;

/// The loaded library.
#[derive(Clone, Copy)]
pub(super) struct Pdfium(Calls);

impl Pdfium {
    pub fn load(path: &Path) -> Result<Self, String> {
        static LOADED: OnceLock<Result<pdfium_render::prelude::Pdfium, String>> = OnceLock::new();
        let loaded = LOADED.get_or_init(|| {
            let bindings = pdfium_render::prelude::Pdfium::bind_to_library(path)
                .map_err(|_| "libpdfium.so is not there or is not PDFium; run `medbot setup`")?;
            Ok(pdfium_render::prelude::Pdfium::new(bindings))
        });
        match loaded {
            Ok(pdfium) => Ok(Self(PdfiumLibraryBindingsAccessor::bindings(pdfium))),
            Err(reason) => Err(reason.clone()),
        }
    }
}

/// Why a document did not open.
pub(super) enum OpenError {
    Password,
    Broken,
}

/// The form callbacks, all absent; PDFium only reads the version. Longer than the longest interface.
#[repr(C)]
struct FormInfo {
    version: c_int,
    callbacks: [usize; 96],
}

/// An open document.
pub(super) struct Document {
    calls: Calls,
    handle: *mut c_void,
    form: *mut c_void,
    // PDFium reads from both as long as the document is open.
    _form_info: Box<FormInfo>,
    _bytes: Arc<[u8]>,
}

impl Document {
    pub fn open(Pdfium(calls): Pdfium, bytes: Arc<[u8]>) -> Result<Self, OpenError> {
        let mut form_info = Box::new(FormInfo {
            version: 1,
            callbacks: [0; 96],
        });
        // SAFETY: the bytes outlive the handle, which is closed in `drop` before they are freed, and
        // so does the form structure, which is at least as long as what version 1 declares.
        unsafe {
            let handle = calls.FPDF_LoadMemDocument64(&bytes, None);
            if handle.is_null() {
                let locked = LOCKED.contains(&calls.FPDF_GetLastError());
                return Err(if locked {
                    OpenError::Password
                } else {
                    OpenError::Broken
                });
            }
            let form = calls.FPDFDOC_InitFormFillEnvironment(handle, (&raw mut *form_info).cast());
            Ok(Self {
                calls,
                handle: handle.cast(),
                form: form.cast(),
                _form_info: form_info,
                _bytes: bytes,
            })
        }
    }

    pub fn page_count(&self) -> usize {
        // SAFETY: the handle is open.
        let count = unsafe { self.calls.FPDF_GetPageCount(self.handle.cast()) };
        usize::try_from(count).unwrap_or(0)
    }

    pub fn page(&self, index: usize) -> Option<Page<'_>> {
        let index = c_int::try_from(index).ok()?;
        // SAFETY: the handle is open, and the page borrows the document.
        let handle = unsafe { self.calls.FPDF_LoadPage(self.handle.cast(), index) };
        if handle.is_null() {
            return None;
        }
        if !self.form.is_null() {
            // SAFETY: both handles are open.
            unsafe { self.calls.FORM_OnAfterLoadPage(handle, self.form.cast()) };
        }
        Some(Page {
            document: self,
            handle: handle.cast(),
        })
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        // SAFETY: no page is left, each borrows the document; null is a no-op for the form.
        unsafe {
            self.calls.FPDFDOC_ExitFormFillEnvironment(self.form.cast());
            self.calls.FPDF_CloseDocument(self.handle.cast());
        }
    }
}

/// A loaded page.
pub(super) struct Page<'a> {
    document: &'a Document,
    handle: *mut c_void,
}

/// One text object of a page; several glyphs share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Object(*mut c_void);

/// A character as PDFium's text page gives it.
#[derive(Clone, Debug)]
pub(super) struct Glyph {
    /// `None` when its code means no character.
    pub text: Option<char>,
    /// Put in by PDFium itself, for a gap or the end of a line.
    pub generated: bool,
    /// `None` for generated characters.
    pub object: Option<Object>,
    /// Around its ink, in pixels of the render; may lie outside it.
    pub bbox: Option<BBox>,
    /// Drawn with paint that is not wholly transparent.
    pub painted: bool,
}

impl Page<'_> {
    /// Width and height in points, crop box and rotation applied.
    pub fn size(&self) -> [f32; 2] {
        let calls = self.document.calls;
        // SAFETY: the handle is open.
        unsafe {
            [
                calls.FPDF_GetPageWidthF(self.handle.cast()),
                calls.FPDF_GetPageHeightF(self.handle.cast()),
            ]
        }
    }

    /// Renders on white; `None` when there is no memory for it.
    pub fn render(&self, width: u32, height: u32) -> Option<RgbImage> {
        let calls = self.document.calls;
        let (w, h) = (c_int::try_from(width).ok()?, c_int::try_from(height).ok()?);
        let page = self.handle;
        // SAFETY: the bitmap is created, filled, read and destroyed here; the slice is copied before
        // that, and its length is checked against stride and height.
        unsafe {
            let bitmap = calls.FPDFBitmap_CreateEx(w, h, BGRX, ptr::null_mut(), 0);
            if bitmap.is_null() {
                return None;
            }
            calls.FPDFBitmap_FillRect(bitmap, 0, 0, w, h, WHITE.into());
            calls.FPDF_RenderPageBitmap(bitmap, page.cast(), 0, 0, w, h, 0, FLAGS);
            if !self.document.form.is_null() {
                calls.FPDF_FFLDraw(
                    self.document.form.cast(),
                    bitmap,
                    page.cast(),
                    0,
                    0,
                    w,
                    h,
                    0,
                    FLAGS,
                );
            }
            let stride = calls.FPDFBitmap_GetStride(bitmap).max(0) as usize;
            let pixels = calls.FPDFBitmap_GetBuffer_as_slice(bitmap);
            let rgb = to_rgb(pixels, stride, width as usize, height as usize);
            calls.FPDFBitmap_Destroy(bitmap);
            RgbImage::from_raw(width, height, rgb?)
        }
    }

    /// Renders with these text objects left out, and puts them back.
    pub fn render_without(&self, objects: &[Object], width: u32, height: u32) -> Option<RgbImage> {
        let calls = self.document.calls;
        // SAFETY: the objects were given by this page, which is still open, and are not freed before
        // it; the mode is the only thing changed, and it is restored.
        unsafe {
            let modes: Vec<_> = objects
                .iter()
                .map(|o| calls.FPDFTextObj_GetTextRenderMode(o.0.cast()))
                .collect();
            for object in objects {
                calls.FPDFTextObj_SetTextRenderMode(object.0.cast(), INVISIBLE);
            }
            let render = self.render(width, height);
            for (object, mode) in objects.iter().zip(modes) {
                calls.FPDFTextObj_SetTextRenderMode(object.0.cast(), mode);
            }
            render
        }
    }

    /// The characters in the order of the content, `most` at most, for a render of this size; and
    /// how many there are.
    pub fn glyphs(&self, width: u32, height: u32, most: usize) -> (Vec<Glyph>, usize) {
        let calls = self.document.calls;
        // SAFETY: the text page is closed before the page; every index is below the count.
        unsafe {
            let text = calls.FPDFText_LoadPage(self.handle.cast());
            if text.is_null() {
                return (Vec::new(), 0);
            }
            let count = usize::try_from(calls.FPDFText_CountChars(text)).unwrap_or(0);
            let glyphs = (0..count.min(most) as c_int)
                .map(|index| {
                    let object = calls.FPDFText_GetTextObject(text, index);
                    let unmapped = calls.FPDFText_HasUnicodeMapError(text, index) == 1;
                    let code = calls.FPDFText_GetUnicode(text, index);
                    let [mut left, mut right, mut bottom, mut top] = [0.0; 4];
                    let boxed = calls.FPDFText_GetCharBox(
                        text,
                        index,
                        &raw mut left,
                        &raw mut right,
                        &raw mut bottom,
                        &raw mut top,
                    );
                    Glyph {
                        text: char::from_u32(code).filter(|c| !unmapped && *c != '\0'),
                        generated: calls.FPDFText_IsGenerated(text, index) == 1,
                        painted: !object.is_null() && self.is_painted(object.cast()),
                        object: (!object.is_null()).then_some(Object(object.cast())),
                        bbox: (boxed != 0)
                            .then(|| self.to_pixels([left, bottom, right, top], width, height))
                            .flatten(),
                    }
                })
                .collect();
            calls.FPDFText_ClosePage(text);
            (glyphs, count)
        }
    }

    /// Is there any paint on the object: fill, stroke or both, by its mode?
    fn is_painted(&self, object: *mut c_void) -> bool {
        let calls = self.document.calls;
        let (mut r, mut g, mut b, mut fill, mut stroke) = (0, 0, 0, 0, 0);
        // SAFETY: the object belongs to this open page, and every pointer to a live local.
        unsafe {
            let mode = calls.FPDFTextObj_GetTextRenderMode(object.cast());
            calls.FPDFPageObj_GetFillColor(
                object.cast(),
                &raw mut r,
                &raw mut g,
                &raw mut b,
                &raw mut fill,
            );
            calls.FPDFPageObj_GetStrokeColor(
                object.cast(),
                &raw mut r,
                &raw mut g,
                &raw mut b,
                &raw mut stroke,
            );
            match mode {
                0 | 4 => fill > 0,
                1 | 5 => stroke > 0,
                2 | 6 => fill > 0 || stroke > 0,
                _ => false,
            }
        }
    }

    fn to_pixels(
        &self,
        [left, bottom, right, top]: [f64; 4],
        width: u32,
        height: u32,
    ) -> Option<BBox> {
        let calls = self.document.calls;
        let (w, h) = (width as c_int * FINE, height as c_int * FINE);
        let corner = |x: f64, y: f64| {
            let (mut dx, mut dy) = (0, 0);
            // SAFETY: the page is open and both pointers are to live locals.
            let ok = unsafe {
                calls.FPDF_PageToDevice(
                    self.handle.cast(),
                    0,
                    0,
                    w,
                    h,
                    0,
                    x,
                    y,
                    &raw mut dx,
                    &raw mut dy,
                )
            };
            (ok != 0).then_some([dx as f32 / FINE as f32, dy as f32 / FINE as f32])
        };
        let [x0, y0] = corner(left, top)?;
        let [x1, y1] = corner(right, bottom)?;
        Some(BBox::new(x0, y0, x1, y1))
    }
}

impl Drop for Page<'_> {
    fn drop(&mut self) {
        let calls = self.document.calls;
        // SAFETY: the document is still open, and nothing of the page is used after this.
        unsafe {
            if !self.document.form.is_null() {
                calls.FORM_OnBeforeClosePage(self.handle.cast(), self.document.form.cast());
            }
            calls.FPDF_ClosePage(self.handle.cast());
        }
    }
}

fn to_rgb(pixels: &[u8], stride: usize, width: usize, height: usize) -> Option<Vec<u8>> {
    if stride < width * 4 || pixels.len() < stride * height {
        return None;
    }
    let mut rgb = Vec::with_capacity(width * height * 3);
    for row in pixels.chunks_exact(stride).take(height) {
        for pixel in row[..width * 4].chunks_exact(4) {
            rgb.extend_from_slice(&pixel[..3]);
        }
    }
    Some(rgb)
}
