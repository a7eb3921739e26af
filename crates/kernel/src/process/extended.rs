//! The extended state of a thread that is not at work: x87, SSE, AVX and what else its processor has.

/// Size of the part that every processor has (`FXSAVE`).
pub const LEGACY: usize = 512;
/// Where `MXCSR` and the mask of its valid bits are in it.
pub const MXCSR: usize = 24;
/// Where its sixteen XMM registers are.
pub const XMM: usize = 160;
/// `struct _fpx_sw_bytes` within it: magic, size with the end mark, components, size without.
pub const SW_RESERVED: usize = 464;
/// What `struct _fpx_sw_bytes` begins with.
pub const MAGIC1: u32 = 0x4650_5853;
/// The end mark.
pub const MAGIC2: u32 = 0x4650_5845;
/// Size of a state of x87, SSE and AVX without the end mark: the legacy part, the `XSAVE` header, halves of registers.
pub const ORDINARY: usize = LEGACY + 64 + 256;
/// x87, SSE, AVX: the components of an ordinary state.
pub const ORDINARY_COMPONENTS: u64 = 7;

/// Extended state. A thread that was switched away from in a call of its C library has nothing but SSE in use, and that
/// is little to copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "the large one is what most threads have, copied at every switch")]
pub enum Extended {
    /// As a program starts.
    #[default]
    Initial,
    /// Nothing but SSE differs from that.
    Sse(Sse),
    /// All of it as a signal frame holds it: `struct _fpstate` and what follows.
    Frame(Vec<u8>),
}

/// What SSE alone has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sse {
    /// `MXCSR` and the mask of its valid bits.
    pub control: [u8; 8],
    /// The sixteen XMM registers.
    pub xmm: [u8; 256],
}

impl Extended {
    /// The same as a signal frame holds it; empty for the initial state.
    pub fn into_frame(self) -> Vec<u8> {
        match self {
            Extended::Initial => Vec::new(),
            Extended::Sse(sse) => sse.frame(),
            Extended::Frame(bytes) => bytes,
        }
    }
}

impl Sse {
    fn frame(&self) -> Vec<u8> {
        let mut out = vec![0; ORDINARY];
        out[..2].copy_from_slice(&0x37f_u16.to_le_bytes());
        out[MXCSR..MXCSR + 8].copy_from_slice(&self.control);
        out[XMM..XMM + 256].copy_from_slice(&self.xmm);
        describe(&mut out, ORDINARY_COMPONENTS);
        out
    }
}

/// Makes a state say what is in it: all of these components, to its end, where a mark is added.
pub fn describe(state: &mut Vec<u8>, components: u64) {
    let size = state.len() as u32;
    state[LEGACY..LEGACY + 8].copy_from_slice(&components.to_le_bytes());
    let about = &mut state[SW_RESERVED..LEGACY];
    about[..4].copy_from_slice(&MAGIC1.to_le_bytes());
    about[4..8].copy_from_slice(&(size + 4).to_le_bytes());
    about[8..16].copy_from_slice(&components.to_le_bytes());
    about[16..20].copy_from_slice(&size.to_le_bytes());
    state.extend_from_slice(&MAGIC2.to_le_bytes());
}
