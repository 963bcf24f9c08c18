"""Neural style transfer on a CPU.

The functions of CS231n's "Style Transfer" notebook, under their own names, on an engine written in Rust:

>>> import impasto
>>> painting = impasto.transfer("photo.jpg", "painting.jpg", size=256)  # doctest: +SKIP
>>> painting.save("result.png")  # doctest: +SKIP

The notebook's: load_image, preprocess_image, deprocess_image, SqueezeNet, content_loss, gram_matrix, style_loss,
tv_loss, rel_error, check, style_transfer.

Runs with all options of the command line: transfer, invert, texture, and Run for those who drive it themselves.

For students: Tape, Var, gradcheck. A loss of your own is recorded with +, -, *, @ and slices; an operation of your own
is a class with forward and backward.

`python -m impasto` is the command line itself.
"""

from ._impasto import (
    Check,
    GradientError,
    ImpastoError,
    Painting,
    Run,
    SqueezeNet,
    Step,
    Steps,
    Tape,
    Var,
    __version__,
    check,
    content_loss,
    deprocess_image,
    gradcheck,
    gram_matrix,
    load_image,
    preprocess_image,
    rel_error,
    save_image,
    style_loss,
    tv_loss,
)

__all__ = [
    "Check",
    "GradientError",
    "ImpastoError",
    "Painting",
    "Run",
    "SQUEEZENET_MEAN",
    "SQUEEZENET_STD",
    "SqueezeNet",
    "Step",
    "Steps",
    "Tape",
    "Var",
    "check",
    "content_loss",
    "deprocess_image",
    "gradcheck",
    "gram_matrix",
    "invert",
    "load_image",
    "preprocess_image",
    "rel_error",
    "save_image",
    "style_loss",
    "style_transfer",
    "texture",
    "transfer",
    "tv_loss",
]

#: The mean and the deviation of ImageNet's pixels, red, green and blue in [0, 1].
SQUEEZENET_MEAN = (0.485, 0.456, 0.406)
SQUEEZENET_STD = (0.229, 0.224, 0.225)


def transfer(content, style, *, callback=None, every=1, **options):
    """Repaint a photograph in the style of a painting.

    content: a file, or a picture, uint8 (H, W, 3).
    style: a file or a picture, or a list of several whose styles are blended.
    callback: called with a Step (iteration, iterations, progress, losses, picture) after each `every` iterations;
        the run ends if it gives False. Ctrl-C ends it too, with the picture so far.
    options: those of `impasto transfer`, with underscores in place of hyphens. The most useful:

        size                shorter side of the result in pixels [512]; width, height and longer_side as well
        style_size          shorter side of the style image in pixels, or style_scale, beside the result's
        iterations          a number, or one for each size
        scales              how many sizes the run goes through, coarse to fine, or "auto"; 1 for one only
        jitter              pixels by which the picture is shifted before each iteration; 0 for none
        content_layer       a layer, by its number or its name such as "fire3"; a list of several
        content_weight      how much the photograph counts
        style_layers        layers, a list
        style_weights       a weight for each
        style_strength      a factor of all of them
        style_blend         how much each style image counts
        tv_weight           how much smoothness counts
        content_mask        what stays as it is: a file or an array, white for yes
        style_mask          where each style is painted, a list, None for everywhere
        preserve_colors     "luminance" or "match" keeps the photograph's colors
        init                "content", "random", a file, or an array, float32 (1, H, W, 3) preprocessed
        seed                another number, another picture
        schedule            "fast" or "notebook"
        optimizer           "adam" or "lbfgs"
        learning_rate       of Adam
        preset              "composition", "scream", "starry": the notebook's parameters
        weights             a file of SqueezeNet's weights
        threads, memory     what the run may use
        checkpoint, resume  a file to keep the run in, and to go on from

    `python -m impasto transfer --help` explains all of them. Gives a Painting: picture, image, losses, iterations,
    seconds, interrupted; save(filename) writes it, and a notebook shows it.

    Raises ValueError or TypeError for a wrong argument, ImpastoError for what the library refuses.
    """
    return Run(content, style, **options).run(callback, every)


def invert(content, *, callback=None, every=1, **options):
    """Rebuild a photograph from its features at one layer: what the network keeps of it.

    content: a file, or a picture, uint8 (H, W, 3).
    options: as for transfer; content_layer says which layer. Gives a Painting.
    """
    return Run(content, None, **options).run(callback, every)


def texture(style, *, callback=None, every=1, **options):
    """Paint a texture from a painting's Gram matrices alone, starting from noise.

    style: a file or a picture, or a list of several.
    options: as for transfer; seamless=True makes a tile that fits beside itself. Gives a Painting.
    """
    return Run(None, style, **options).run(callback, every)


def style_transfer(
    content_image,
    style_image,
    image_size,
    style_size,
    content_layer,
    content_weight,
    style_layers,
    style_weights,
    tv_weight,
    init_random=False,
    *,
    callback=None,
    every=100,
    **options,
):
    """The notebook's style_transfer, with its parameters by their names: style_transfer(**params1).

    content_image, style_image: files, or pictures, uint8 (H, W, 3).
    image_size, style_size: the shorter sides, in pixels.
    content_layer, content_weight: the layer and the weight of the content loss.
    style_layers, style_weights: the layers of the style loss, and a weight for each.
    tv_weight: the weight of the total variation.
    init_random: start from noise in place of the content image.
    callback: called with a Step after each `every` iterations, and after the last.
    options: more of those of transfer, such as weights, iterations, threads; schedule="fast" for a better picture.

    It paints as the notebook does: 200 iterations of Adam with its two learning rates and its clamp, at one size,
    without jitter, pixels as they are in the file. A weight of 0 leaves a loss out: all style weights 0 is feature
    inversion, content_weight 0 texture synthesis. Gives a Painting.
    """
    settings = {
        "size": image_size,
        "style_size": style_size,
        "content_layer": content_layer,
        "content_weight": content_weight,
        "style_layers": list(style_layers),
        "style_weights": list(style_weights),
        "tv_weight": tv_weight,
        "init": "random" if init_random else "content",
        "schedule": "notebook",
        "scales": 1,
        "jitter": 0,
        "color_profile": "ignore",
    }
    settings.update(options)
    return Run(content_image, style_image, **settings).run(callback, every)
