//! Every kind of unusable weights is refused with its own error, which names the place, the array and the remedy.

use std::fs;

use ndarray::{ArrayD, IxDyn};
use zip::CompressionMethod;

use super::parameters::{features, features_and_classifier, npz_with, tensorflow_arrays, torchvision_arrays};
use crate::weights::{Weights, WeightsError};
use impasto_arrays::testing::{
    archive, header, legacy, members, npy, npy_with_header, npz, safetensors, zip_headers, zipped,
};
use impasto_arrays::{ArrayError, FormatError};

const BIAS: &str = "features.0.bias";
const WEIGHT: &str = "features.0.weight";

/// The error over array `name` of the archive; the message must name it.
fn array_error(npz: &[u8], name: &str) -> WeightsError {
    let error = Weights::from_bytes(npz).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with(&format!("array {name} of the weights in memory ")), "{text}");
    error
}

/// What is wrong with array `name` of the archive as it is stored.
fn problem(npz: &[u8], name: &str) -> ArrayError {
    match array_error(npz, name) {
        WeightsError::Array { problem, .. } => problem,
        error => panic!("{error:?}"),
    }
}

/// The features' archive with these bytes for `features.0.bias`.
fn bias_problem(npy: Vec<u8>) -> ArrayError {
    problem(&npz_with(BIAS, npy), BIAS)
}

#[test]
fn paths_that_hold_no_weights() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nothing.npz");
    let error = Weights::load(&path).unwrap_err();
    assert!(matches!(error, WeightsError::Open { .. }));
    assert!(error.to_string().contains("nothing.npz"), "{error}");

    for (file, content) in
        [("text.npz", &b"These are not weights, whatever the name says."[..]), ("short.npz", b"PK")]
    {
        let path = folder.path().join(file);
        fs::write(&path, content).unwrap();
        let error = Weights::load(&path).unwrap_err();
        assert!(matches!(error, WeightsError::Format { problem: FormatError::Unknown, .. }), "{error}");
        assert!(error.to_string().contains(file), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn devices_are_not_opened() {
    // Reading this one would never end.
    let error = Weights::load("/dev/zero").unwrap_err();
    assert!(matches!(error, WeightsError::Format { problem: FormatError::Unknown, .. }));
}

#[test]
fn layers_that_do_not_exist() {
    for layer in [13, usize::MAX] {
        let error = Weights::load_features("unread.npz", layer).unwrap_err();
        assert!(matches!(error, WeightsError::NoSuchLayer { layer: l } if l == layer));
    }
}

#[test]
fn archives_cut_short() {
    let whole = npz(&torchvision_arrays(&features()));
    for length in [4, 100, whole.len() / 2, whole.len() - 1] {
        let error = Weights::from_bytes(&whole[..length]).unwrap_err();
        assert!(matches!(error, WeightsError::Archive { .. }), "{length}: {error}");
    }
}

#[test]
fn missing_arrays_are_listed_with_what_is_there() {
    let mut arrays = torchvision_arrays(&features());
    arrays.retain(|(name, _)| !name.starts_with("features.3.squeeze"));
    let error = Weights::from_bytes(&npz(&arrays)).unwrap_err();
    let WeightsError::MissingArrays { missing, found, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(missing[..], ["features.3.squeeze.weight", "features.3.squeeze.bias"]);
    assert_eq!(found.len(), 48);
    let text = error.to_string();
    assert!(text.contains("lacks 2 arrays (features.3.squeeze.weight, features.3.squeeze.bias)"), "{text}");
    assert!(text.contains("it holds 48 arrays (features.0.weight,"), "{text}");
}

#[test]
fn sets_of_other_files_hold_nothing_of_ours() {
    let other = ("pictures/a.png".to_owned(), b"nonsense".to_vec());
    for members in [&[other][..], &[]] {
        let error = Weights::from_bytes(&archive(members, CompressionMethod::Stored)).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("lacks 50 arrays") && text.contains("no array at all"), "{text}");
    }
    let folder = tempfile::tempdir().unwrap();
    let error = Weights::load(folder.path()).unwrap_err();
    assert!(matches!(error, WeightsError::MissingArrays { .. }));
}

#[test]
fn half_a_classifier() {
    let mut arrays = torchvision_arrays(&features_and_classifier());
    arrays.pop();
    let error = Weights::from_bytes(&npz(&arrays)).unwrap_err();
    let WeightsError::MissingArrays { missing, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(missing, ["classifier.1.bias"]);
}

#[test]
fn one_parameter_under_two_names() {
    let again = |arrays: &mut Vec<(String, ArrayD<f32>)>, name: &str| {
        let twin = arrays[0].1.clone();
        arrays.push((name.to_owned(), twin));
    };
    let mut arrays = torchvision_arrays(&features());
    again(&mut arrays, "features/0.weight");
    // A network that is spread, with one parameter twice.
    let mut spread = torchvision_arrays(&features());
    for (name, _) in &mut spread[..25] {
        *name = format!("a.{name}");
    }
    again(&mut spread, "b.features.0.weight");
    for (arrays, expected) in
        [(arrays, [WEIGHT, "features/0.weight"]), (spread, ["a.features.0.weight", "b.features.0.weight"])]
    {
        for error in
            [Weights::from_bytes(&npz(&arrays)).unwrap_err(), Weights::from_arrays(arrays).unwrap_err()]
        {
            let WeightsError::DuplicateArray { first, second, .. } = &error else {
                panic!("{error}");
            };
            assert_eq!([first, second], expected);
        }
    }
}

#[test]
fn networks_of_which_none_is_marked() {
    let with = |front: &str, factor: f32| -> Vec<_> {
        let arrays = torchvision_arrays(&features()).into_iter();
        arrays.map(|(name, array)| (format!("{front}{name}"), array * factor)).collect()
    };
    let several = |arrays: Vec<(String, ArrayD<f32>)>| {
        let error = Weights::from_arrays(arrays).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("more than once, with different values"), "{text}");
        match error {
            WeightsError::SeveralNetworks { networks, .. } => networks,
            error => panic!("{error}"),
        }
    };
    let pair = [with("student.", 1.0), with("teacher.", 0.5)];
    assert_eq!(several(pair.concat()), ["student.features.0.weight", "teacher.features.0.weight"]);
    let averages = [with("swa.", 1.0), with("ema.", 0.5)];
    assert_eq!(several(averages.concat()), ["ema.features.0.weight", "swa.features.0.weight"]);
    // Alike, but more than are ever compared.
    let many: Vec<_> = (0..9).flat_map(|number| with(&format!("m{number}."), 1.0)).collect();
    assert_eq!(several(many).len(), 9);
}

#[test]
fn version_1_0() {
    // Its eight fire modules have other numbers.
    let renumbered = |name: &str| {
        let words: Vec<&str> = name.split('.').collect();
        let number = match words[1] {
            "6" => "5",
            "9" => "8",
            "10" => "9",
            "11" => "10",
            same => same,
        };
        [&[words[0], number], &words[2..]].concat().join(".")
    };
    let arrays = torchvision_arrays(&features()).into_iter();
    let mut arrays: Vec<_> = arrays.map(|(name, array)| (renumbered(&name), array)).collect();
    let is_1_0 = |arrays: &[(String, ArrayD<f32>)]| {
        let error = Weights::from_bytes(&npz(arrays)).unwrap_err();
        assert!(matches!(error, WeightsError::Version1_0 { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("SqueezeNet 1.0") && text.contains("squeezenet1_1"), "{text}");
    };
    is_1_0(&arrays);
    for (name, _) in &mut arrays {
        *name = name.replace("features.", "model.");
    }
    is_1_0(&arrays);
    // By its first filters alone, whichever layers are asked for.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.npz");
    fs::write(&path, npz_with(WEIGHT, npy(&ArrayD::zeros(IxDyn(&[96, 3, 7, 7]))))).unwrap();
    assert!(matches!(Weights::load_features(&path, 0), Err(WeightsError::Version1_0 { .. })));
    let mut arrays = tensorflow_arrays(&features());
    arrays[0].1 = ArrayD::zeros(IxDyn(&[7, 7, 3, 96]));
    is_1_0(&arrays);
}

#[test]
fn quantized_arrays() {
    for descr in ["|i1", "|u1"] {
        let error = array_error(
            &npz_with(WEIGHT, npy_with_header(&header(descr, false, &[64, 3, 3, 3]), &[0; 1728])),
            WEIGHT,
        );
        let WeightsError::Quantized { element, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(*element, format!("integers ({descr})"));
        assert!(error.to_string().contains("was quantized"), "{error}");
    }
}

#[test]
fn two_members_of_one_name() {
    let mut arrays = torchvision_arrays(&features());
    arrays.push(("features.0.bia_".to_owned(), ArrayD::zeros(IxDyn(&[64]))));
    let mut bytes = npz(&arrays);
    let (local, central) = zip_headers(&bytes, "features.0.bia_.npy");
    bytes[local + 30 + 14] = b's';
    bytes[central + 46 + 14] = b's';
    let error = Weights::from_bytes(&bytes).unwrap_err();
    let WeightsError::Archive { source, .. } = error else {
        panic!("{error}");
    };
    assert!(source.to_string().contains("same name"), "{source}");
}

#[test]
fn wrong_shapes_are_refused_before_the_data_is_read() {
    // The data of these arrays is missing altogether: only the header may have been looked at.
    for shape in [
        &[64][..],
        &[],
        &[3, 3, 3, 64],
        &[64, 3, 3],
        &[64, 3, 7, 7],
        &[64, 3, 3, 3, 1],
        &[0, 3, 3, 3],
        &[usize::MAX, 1, 1, 1],
    ] {
        let npy = npy_with_header(&header("<f4", false, shape), &[]);
        let error = array_error(&npz_with(WEIGHT, npy), WEIGHT);
        let WeightsError::Shape { expected, found, .. } = error else {
            panic!("{shape:?}: {error}");
        };
        assert_eq!(expected, [64, 3, 3, 3]);
        assert!(found.iter().map(|&length| length as usize).eq(shape.iter().copied()));
    }
    let error = array_error(&npz_with(BIAS, npy(&ArrayD::zeros(IxDyn(&[96])))), BIAS);
    let text = error.to_string();
    assert!(text.contains("(96,)") && text.contains("(64,)"), "{text}");
}

#[test]
fn values_that_are_not_finite_are_named_by_their_index() {
    for (fortran_order, index) in [(false, vec![1, 2, 0, 1]), (true, vec![46, 0, 0, 0])] {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut data = vec![0; 64 * 27 * 4];
            // Value number 46 of the file; (1, 2, 0, 1) is 27 + 18 + 1.
            data[46 * 4..47 * 4].copy_from_slice(&value.to_le_bytes());
            let header = header("<f4", fortran_order, &[64, 3, 3, 3]);
            let error = array_error(&npz_with(WEIGHT, npy_with_header(&header, &data)), WEIGHT);
            let WeightsError::NonFinite { index: found, value: v, .. } = error else {
                panic!("{error}");
            };
            assert_eq!(found, index);
            assert_eq!(v.to_bits(), value.to_bits());
        }
    }
    // Finite where it stands, but not as a 32-bit float.
    let data = [1e300f64; 64].map(f64::to_le_bytes).concat();
    let npy = npy_with_header(&header("<f8", false, &[64]), &data);
    let error = array_error(&npz_with(BIAS, npy), BIAS);
    let WeightsError::NonFinite { index, value, .. } = error else {
        panic!("{error}");
    };
    assert_eq!((index, value), (vec![0], f32::INFINITY));
}

#[test]
fn every_format_is_judged_alike() {
    let mut not_finite = torchvision_arrays(&features());
    not_finite[1].1[[7]] = f32::NEG_INFINITY;
    let mut wrong_shape = torchvision_arrays(&features());
    wrong_shape[0].1 = ArrayD::zeros(IxDyn(&[3, 3, 3, 64]));
    for format in [npz, zipped, legacy, safetensors] {
        let error = array_error(&format(&not_finite), BIAS);
        assert!(matches!(&error, WeightsError::NonFinite { index, .. } if index[..] == [7]), "{error}");
        let error = array_error(&format(&wrong_shape), WEIGHT);
        assert!(matches!(error, WeightsError::Shape { .. }), "{error}");
    }
    // Only a dictionary's pickle can hold the same name twice.
    let mut twice = torchvision_arrays(&features());
    twice.push((BIAS.to_owned(), ArrayD::zeros(IxDyn(&[64]))));
    for format in [zipped, legacy] {
        let error = Weights::from_bytes(&format(&twice)).unwrap_err();
        assert!(matches!(&error, WeightsError::DuplicateArray { second, .. } if second == BIAS), "{error}");
    }
}

#[test]
fn arrays_in_memory_are_judged_alike() {
    let with = |name: &str, array: ArrayD<f32>| {
        let mut arrays = torchvision_arrays(&features());
        let slot = arrays.iter_mut().find(|(n, _)| n == name).unwrap();
        slot.1 = array;
        let error = Weights::from_arrays(arrays).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
        error
    };
    let mut bias = ArrayD::zeros(IxDyn(&[64]));
    bias[[7]] = f32::NAN;
    let error = with(BIAS, bias);
    assert!(matches!(&error, WeightsError::NonFinite { index, .. } if index[..] == [7]), "{error}");
    let error = with(WEIGHT, ArrayD::zeros(IxDyn(&[3, 3, 3, 64])));
    assert!(matches!(error, WeightsError::Shape { .. }), "{error}");
    assert!(matches!(Weights::from_arrays([]), Err(WeightsError::MissingArrays { .. })));
}

#[test]
fn elements_that_are_not_floating_point() {
    for (descr, name) in [("|O", "Python objects"), ("<i4", "integers (<i4)")] {
        let npy = npy_with_header(&header(descr, false, &[64]), &[0; 256]);
        let ArrayError::ElementType { found } = bias_problem(npy) else {
            panic!("{descr}");
        };
        assert!(found.contains(name), "{found}");
    }
    let records =
        "{'descr': [('weight', '<f4'), ('bias', '<f4')], 'fortran_order': False, 'shape': (64,), }\n";
    let error = bias_problem(npy_with_header(records, &[0; 512]));
    assert!(matches!(error, ArrayError::ElementType { .. }), "{error}");
}

#[test]
fn data_that_ends_too_soon_or_too_late() {
    let header = header("<f4", false, &[64]);
    for (bytes, expected) in [
        (255, ArrayError::Truncated { expected: 256, found: 255 }),
        (0, ArrayError::Truncated { expected: 256, found: 0 }),
        (257, ArrayError::TrailingData { expected: 256 }),
    ] {
        let npy = npy_with_header(&header, &vec![0; bytes]);
        assert_eq!(bias_problem(npy.clone()), expected);

        let folder = tempfile::tempdir().unwrap();
        for (member, content) in members(&torchvision_arrays(&features())) {
            fs::write(folder.path().join(member), content).unwrap();
        }
        fs::write(folder.path().join(format!("{BIAS}.npy")), npy).unwrap();
        let error = Weights::load(folder.path()).unwrap_err();
        assert!(error.to_string().contains(&folder.path().display().to_string()));
        assert!(
            matches!(&error, WeightsError::Array { problem, array, .. }
                if *problem == expected && array == BIAS),
            "{error}"
        );
    }
}

#[test]
fn headers_that_claim_gigabytes() {
    let mut npy = b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec();
    npy.extend(b"{'descr'");
    let error = bias_problem(npy);
    assert!(matches!(error, ArrayError::Header { .. }), "{error}");
}

#[test]
fn decompression_bombs_go_off_after_one_byte() {
    // 64 MB of zeros in 64 kB.
    let npy = npy_with_header(&header("<f4", false, &[64]), &vec![0; 64 << 20]);
    let mut members = members(&torchvision_arrays(&features()));
    members[1].1 = npy;
    let bytes = archive(&members, CompressionMethod::Deflated);
    assert_eq!(problem(&bytes, BIAS), ArrayError::TrailingData { expected: 256 });
}

/// The reason for which member `features.0.bias.npy` is unreadable after `spoil` was given the archive and the
/// places of the member's two headers.
fn unreadable(compression: CompressionMethod, spoil: impl Fn(&mut [u8], usize, usize)) -> String {
    let members = members(&torchvision_arrays(&features()));
    let mut bytes = archive(&members, compression);
    let (local, central) = zip_headers(&bytes, "features.0.bias.npy");
    spoil(&mut bytes, local, central);
    match problem(&bytes, BIAS) {
        ArrayError::Unreadable { reason } => reason,
        error => panic!("{error}"),
    }
}

#[test]
fn members_that_are_encrypted_or_compressed_in_another_way() {
    let reason = unreadable(CompressionMethod::Stored, |bytes, local, central| {
        bytes[local + 6] |= 1;
        bytes[central + 8] |= 1;
    });
    assert!(reason.contains("Password required"), "{reason}");
    // 14 is LZMA, 77 is nothing.
    for method in [14, 77] {
        let reason = unreadable(CompressionMethod::Stored, |bytes, local, central| {
            bytes[local + 8] = method;
            bytes[central + 10] = method;
        });
        assert!(reason.contains("compression method not supported"), "{reason}");
    }
}

#[test]
fn members_whose_bytes_were_changed() {
    // The last value of the array, which no other check would miss.
    let reason = unreadable(CompressionMethod::Stored, |bytes, local, _| {
        let name = "features.0.bias.npy".len();
        let size = u32::from_le_bytes(bytes[local + 18..local + 22].try_into().unwrap()) as usize;
        bytes[local + 30 + name + size - 3] ^= 1;
    });
    assert!(reason.contains("checksum"), "{reason}");
}

#[test]
fn members_that_claim_more_than_they_hold() {
    let members = members(&torchvision_arrays(&features()));
    let whole = archive(&members, CompressionMethod::Stored);
    let (_, central) = zip_headers(&whole, "features.12.expand3x3.bias.npy");
    for claim in [0x0000_2000u32, 0x7fff_ffff, 0xffff_fffe] {
        let mut bytes = whole.clone();
        for at in [central + 20, central + 24] {
            bytes[at..at + 4].copy_from_slice(&claim.to_le_bytes());
        }
        // What follows the array is then the archive's own directory.
        assert_eq!(
            problem(&bytes, "features.12.expand3x3.bias"),
            ArrayError::TrailingData { expected: 1024 }
        );
    }
}

#[test]
fn files_are_named_with_their_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.npz");
    let npy = npy_with_header(&header("<i4", false, &[64]), &[0; 256]);
    fs::write(&path, npz_with(BIAS, npy)).unwrap();
    let text = Weights::load(&path).unwrap_err().to_string();
    assert_eq!(
        text,
        format!(
            "array features.0.bias of {} holds integers (<i4); only float16, bfloat16, float32 and \
             float64 are read: convert it with .astype(numpy.float32) or .float()",
            path.display()
        )
    );
}
