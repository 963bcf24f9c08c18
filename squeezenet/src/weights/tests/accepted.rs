//! Every way to hand in the same weights gives the same weights.

use std::fs;
use std::path::Path;

use ndarray::{Array1, ArrayD, Axis};
use zip::CompressionMethod;

use super::parameters::{features, features_and_classifier, filters, tensorflow_arrays, torchvision_arrays};
use crate::weights::{Weights, WeightsError};
use impasto_arrays::testing::{
    archive, checkpoint, header, legacy, members, npy, npy_with_header, npz, safetensors, zipped,
};

fn renamed(
    arrays: Vec<(String, ArrayD<f32>)>,
    rename: impl Fn(&str) -> String,
) -> Vec<(String, ArrayD<f32>)> {
    let rename = |(name, array): (String, _)| (rename(&name), array);
    arrays.into_iter().map(rename).collect()
}

/// The weights that every test here expects, checked against their definition.
fn expected() -> Weights {
    let weights = Weights::from_bytes(&npz(&torchvision_arrays(&features()))).unwrap();
    assert_eq!(weights.convolutions().count(), 25);
    for shape in features() {
        let convolution = weights.convolution(&shape.name).unwrap();
        assert_eq!(convolution.weight, filters(&shape), "{}", shape.name);
        assert!(convolution.weight.is_standard_layout());
        let bias = Array1::from_shape_fn(shape.out_channels, |o| o as f32 * 0.25 - 3.0);
        assert_eq!(convolution.bias, bias, "{}", shape.name);
    }
    assert!(!weights.has_classifier());
    weights
}

#[test]
fn stored_and_deflated_archives_whatever_their_extension() {
    let folder = tempfile::tempdir().unwrap();
    let members = members(&torchvision_arrays(&features()));
    for (file, compression) in
        [("stored.npz", CompressionMethod::Stored), ("deflated.weights", CompressionMethod::Deflated)]
    {
        let path = folder.path().join(file);
        fs::write(&path, archive(&members, compression)).unwrap();
        assert_eq!(Weights::load(&path).unwrap(), expected(), "{file}");
    }
}

#[test]
fn every_format_whatever_its_extension() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.bin");
    for arrays in [torchvision_arrays(&features()), tensorflow_arrays(&features())] {
        let wrapped = renamed(arrays.clone(), |name| format!("state_dict.module.{name}"));
        for file in [safetensors(&arrays), zipped(&arrays), zipped(&wrapped), legacy(&arrays)] {
            fs::write(&path, &file).unwrap();
            assert_eq!(Weights::load(&path).unwrap(), expected());
            assert_eq!(Weights::from_bytes(&file).unwrap(), expected());
        }
    }
}

#[test]
fn checkpoints_by_any_of_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (index, data) = checkpoint(&tensorflow_arrays(&features()));
    fs::write(path("net.v1.ckpt.index"), &index).unwrap();
    fs::write(path("net.v1.ckpt.data-00000-of-00001"), &data).unwrap();
    for name in ["net.v1.ckpt", "net.v1.ckpt.index", "net.v1.ckpt.data-00000-of-00001"] {
        assert_eq!(Weights::load(path(name)).unwrap(), expected(), "{name}");
    }
    fs::rename(path("net.v1.ckpt.index"), path("moved")).unwrap();
    let error = Weights::load(path("moved")).unwrap_err().to_string();
    assert!(error.contains("does not end in .index"), "{error}");
    assert!(Weights::from_bytes(&index).unwrap_err().to_string().contains("is of no known format"));
}

#[test]
fn both_conventions_of_names_and_their_variants() {
    let tensorflow = || tensorflow_arrays(&features());
    for (variant, arrays) in [
        ("tensorflow", tensorflow()),
        ("tensorflow :0", renamed(tensorflow(), |name| format!("{name}:0"))),
        ("tensorflow dotted", renamed(tensorflow(), |name| name.replace('/', "."))),
        ("torchvision module.", renamed(torchvision_arrays(&features()), |name| format!("module.{name}"))),
    ] {
        let weights = Weights::from_bytes(&npz(&arrays)).unwrap();
        assert_eq!(weights, expected(), "{variant}");
    }
}

#[test]
fn whatever_stands_in_front_of_the_names() {
    let without_features = |name: &str| name.strip_prefix("features.").unwrap_or(name).to_owned();
    for arrays in [torchvision_arrays(&features()), tensorflow_arrays(&features())] {
        let layers = renamed(arrays.clone(), |name| without_features(&name.replace('/', ".")));
        for front in [
            "",
            "_orig_mod.",
            "module.",
            "backbone.",
            "encoder.",
            "squeezenet.",
            "model.",
            "module._orig_mod.model.",
            "state_dict.",
            "model_state.module.",
            "weights.",
            "ema_state_dict.module.",
            "0.",
            "a name with spaces. and. dots.",
        ] {
            let whole = renamed(arrays.clone(), |name| format!("{front}{name}"));
            assert_eq!(Weights::from_arrays(whole).unwrap(), expected(), "{front}");
            let layers = renamed(layers.clone(), |name| format!("{front}{name}"));
            assert_eq!(Weights::from_bytes(&zipped(&layers)).unwrap(), expected(), "{front}");
        }
    }
}

#[test]
fn the_classifier_of_the_same_network() {
    let shapes = features_and_classifier();
    for front in ["", "module.", "state_dict._orig_mod."] {
        let arrays = renamed(torchvision_arrays(&shapes), |name| format!("{front}{name}"));
        assert!(Weights::from_arrays(arrays).unwrap().has_classifier(), "{front}");
        // One that belongs to the layers of another.
        let arrays = renamed(torchvision_arrays(&shapes), |name| match name.starts_with("classifier.") {
            true => format!("other.{name}"),
            false => format!("{front}{name}"),
        });
        assert!(!Weights::from_arrays(arrays).unwrap().has_classifier(), "{front}");
    }
}

/// The same arrays with all values halved, which stays exact.
fn halved(arrays: Vec<(String, ArrayD<f32>)>) -> Vec<(String, ArrayD<f32>)> {
    arrays.into_iter().map(|(name, array)| (name, array * 0.5)).collect()
}

/// Reads two networks in either order.
#[track_caller]
fn assert_read(network: &[(String, ArrayD<f32>)], other: &[(String, ArrayD<f32>)]) {
    for arrays in [[network, other].concat(), [other, network].concat()] {
        assert_eq!(Weights::from_arrays(arrays).unwrap(), expected());
    }
}

#[test]
fn of_several_networks_the_one_with_most_parameters() {
    let network = || renamed(torchvision_arrays(&features()), |name| format!("zeta.{name}"));
    let mut part = halved(renamed(torchvision_arrays(&features()), |name| format!("alpha.{name}")));
    part.pop();
    assert_read(&network(), &part);
    // Even where the part has all that is asked for.
    let both = npz(&[part, network()].concat());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("both.npz");
    fs::write(&path, both).unwrap();
    let first = Weights::load_features(&path, 3).unwrap();
    let squeeze = "features.3.squeeze";
    assert_eq!(first.convolution(squeeze).unwrap(), expected().convolution(squeeze).unwrap());
    // A layer of some other network, and the same parameter once more in the other convention.
    let head = renamed(torchvision_arrays(&features()[..1]), |name| name.replace("features", "head"));
    assert_read(&network(), &halved(head));
    assert_read(&network(), &halved(tensorflow_arrays(&features()[..1])));
}

#[test]
fn averages_and_what_optimizers_keep_are_passed_over() {
    let with = |front: &str| renamed(torchvision_arrays(&features()), |name| format!("{front}{name}"));
    for companion in [
        "ema.",
        "model_ema.module.",
        "state_dict_ema.",
        "EMA.shadow.",
        "swa-model.",
        "optimizer.exp_avg.",
        "momentum.",
        "average/",
    ] {
        assert_read(&with("model."), &halved(with(companion)));
        assert_read(&with(""), &halved(with(companion)));
        // Alone it is read.
        assert_eq!(Weights::from_arrays(with(companion)).unwrap(), expected(), "{companion}");
    }
    // These are words of their own.
    for name in ["schema.", "gradient_free.", "emanuel."] {
        assert!(matches!(
            Weights::from_arrays([with("model."), halved(with(name))].concat()),
            Err(WeightsError::SeveralNetworks { .. })
        ));
    }
}

#[test]
fn the_same_network_twice_is_one() {
    let with = |front: &str| renamed(torchvision_arrays(&features()), |name| format!("{front}{name}"));
    assert_read(&with("model."), &with("module."));
    assert_read(&with(""), &tensorflow_arrays(&features()));
}

#[test]
fn networks_in_slices() {
    // As LPIPS names them.
    let sliced = renamed(torchvision_arrays(&features()), |name| {
        let layer = name.strip_prefix("features.").unwrap();
        let number: usize = layer.split('.').next().unwrap().parse().unwrap();
        format!("net.slice{}.{layer}", number / 3 + 1)
    });
    assert_eq!(Weights::from_bytes(&zipped(&sliced)).unwrap(), expected());
}

#[test]
fn arrays_that_are_not_ours_are_ignored_unread() {
    let mut members = members(&tensorflow_arrays(&features()));
    let step = header("<i8", false, &[]);
    members.push(("global_step.npy".to_owned(), npy_with_header(&step, &[0; 8])));
    members.push(("features/layer0/weights/Adam.npy".to_owned(), b"nonsense".to_vec()));
    members.push(("README.txt".to_owned(), b"not an array".to_vec()));
    let bytes = archive(&members, CompressionMethod::Stored);
    assert_eq!(Weights::from_bytes(&bytes).unwrap(), expected());
}

#[test]
fn the_classifier_is_read_where_there_is_one() {
    let shapes = features_and_classifier();
    for arrays in [torchvision_arrays(&shapes), tensorflow_arrays(&shapes)] {
        let weights = Weights::from_bytes(&npz(&arrays)).unwrap();
        assert!(weights.has_classifier());
        let classifier = weights.convolution("classifier.1").unwrap();
        assert_eq!(classifier.weight, filters(&shapes[shapes.len() - 1]));
        assert_eq!(classifier.weight.dim(), (1, 1, 512, 1000));
        assert_eq!(classifier.bias.len(), 1000);
    }
}

#[test]
fn only_the_layers_asked_for_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.npz");
    let mut members = members(&torchvision_arrays(&features_and_classifier()));
    // features.0 and the three convolutions of features.3 are the first eight arrays; spoil the rest.
    for (_, bytes) in &mut members[8..] {
        *bytes = b"nonsense".to_vec();
    }
    fs::write(&path, archive(&members, CompressionMethod::Stored)).unwrap();
    for (deepest_layer, convolutions) in [(0, 1), (2, 1), (3, 4)] {
        let weights = Weights::load_features(&path, deepest_layer).unwrap();
        assert_eq!(weights.convolutions().count(), convolutions);
        assert!(!weights.has_classifier());
        let too_deep = weights.convolution("features.4.squeeze");
        assert!(matches!(too_deep, Err(WeightsError::NotLoaded { .. })));
    }
    assert!(matches!(Weights::load_features(&path, 4), Err(WeightsError::Array { .. })));
}

fn write_folder(folder: &Path, arrays: &[(String, ArrayD<f32>)]) {
    for (name, array) in arrays {
        let path = folder.join(format!("{name}.npy"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, npy(array)).unwrap();
    }
}

#[test]
fn folders_flat_or_with_tensorflows_scopes() {
    for arrays in [
        torchvision_arrays(&features()),
        tensorflow_arrays(&features()),
        renamed(tensorflow_arrays(&features()), |name| name.replace('/', ".")),
    ] {
        let folder = tempfile::tempdir().unwrap();
        write_folder(folder.path(), &arrays);
        // A folder that is no scope is not searched: this copy would be a duplicate.
        write_folder(&folder.path().join("backup"), &arrays);
        assert_eq!(Weights::load(folder.path()).unwrap(), expected());
    }
}

#[test]
fn every_element_type_byte_order_and_memory_order() {
    /// binary16 of the small integers and quarters that the test weights are made of.
    fn half(value: f32) -> u16 {
        let bits = value.to_bits();
        let sign = (bits >> 16 & 0x8000) as u16;
        match value == 0.0 {
            true => sign,
            false => sign | (((bits & 0x7fff_ffff) - (112 << 23)) >> 13) as u16,
        }
    }
    type Encode = fn(f32) -> Vec<u8>;
    let encodings: [(&str, Encode); 6] = [
        ("<f2", |v| half(v).to_le_bytes().to_vec()),
        (">f2", |v| half(v).to_be_bytes().to_vec()),
        ("<f4", |v| v.to_le_bytes().to_vec()),
        (">f4", |v| v.to_be_bytes().to_vec()),
        ("<f8", |v| f64::from(v).to_le_bytes().to_vec()),
        (">f8", |v| f64::from(v).to_be_bytes().to_vec()),
    ];
    for (descr, encode) in encodings {
        for fortran_order in [false, true] {
            for arrays in [torchvision_arrays, tensorflow_arrays] {
                let member = |(name, array): (String, ArrayD<f32>)| {
                    let header = header(descr, fortran_order, array.shape());
                    let values = match fortran_order {
                        true => array.reversed_axes(),
                        false => array,
                    };
                    let data: Vec<u8> = values.iter().flat_map(|&value| encode(value)).collect();
                    (format!("{name}.npy"), npy_with_header(&header, &data))
                };
                let members: Vec<_> = arrays(&features()).into_iter().map(member).collect();
                let bytes = archive(&members, CompressionMethod::Stored);
                let weights = Weights::from_bytes(&bytes).unwrap();
                assert_eq!(weights, expected(), "{descr}, Fortran order {fortran_order}");
            }
        }
    }
}

#[test]
fn arrays_in_memory_whatever_their_strides() {
    let arrays = || torchvision_arrays(&features());
    assert_eq!(Weights::from_arrays(arrays()).unwrap(), expected());
    let backwards = arrays().into_iter().map(|(name, array)| {
        // Reversed in memory, then read with a negative stride.
        let mut copy = array.clone();
        copy.invert_axis(Axis(0));
        let mut copy = copy.as_standard_layout().into_owned();
        copy.invert_axis(Axis(0));
        assert_eq!(copy, array);
        (name, copy)
    });
    assert_eq!(Weights::from_arrays(backwards).unwrap(), expected());
    let tensorflow = tensorflow_arrays(&features());
    assert_eq!(Weights::from_arrays(tensorflow).unwrap(), expected());
}
