"""Small random networks of the architectures that pulled annotators have, and what the reference makes of them.

    pip install torch torchvision transformers pillow numpy scipy opencv-python-headless onnx
    python test/conditions/networks/make_goldens.py [depth dpt segmentation dwpose oneformer lineart normal]

Writes golden/*.onnx and golden/*.json beside this file, all or those that are named. Made with torch 2.15, transformers 5.23, Pillow 13, OpenCV 5.0. The
networks are as random as they are small: what is compared is preprocessing, the run and postprocessing, not what is seen.
Depth Anything, DPT, SegFormer, OneFormer and MaskFormer go through transformers' own image processors and models. DWPose is no part of transformers:
its reference follows the published steps of YOLOX and RTMPose in numpy and OpenCV. Nor are the networks that draw lines and
see surfaces: theirs follow the published preprocessors of ControlNet in numpy and Pillow.
"""

import json
import os
import sys

import cv2
import numpy as np
import torch
from PIL import Image
from transformers import (
    DepthAnythingConfig,
    DepthAnythingForDepthEstimation,
    CLIPTokenizer,
    Dinov2Config,
    DPTConfig,
    DPTForDepthEstimation,
    MaskFormerConfig,
    MaskFormerForInstanceSegmentation,
    OneFormerConfig,
    OneFormerForUniversalSegmentation,
    OneFormerProcessor,
    SegformerConfig,
    SegformerForSemanticSegmentation,
    SwinConfig,
)
from transformers.models.dpt.image_processing_pil_dpt import DPTImageProcessorPil, get_resize_output_image_size
from transformers.models.maskformer.image_processing_pil_maskformer import MaskFormerImageProcessorPil
from transformers.models.oneformer.image_processing_pil_oneformer import OneFormerImageProcessorPil
from transformers.models.segformer.image_processing_pil_segformer import SegformerImageProcessorPil

here = os.path.dirname(os.path.abspath(__file__))
golden = os.path.join(here, "golden")
photos = os.path.join(here, "..", "..", "photos")
mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def write_json(name, value):
    with open(os.path.join(golden, name), "w") as file:
        json.dump(value, file, separators=(",", ":"))
        file.write("\n")


def rounded(array, digits=5):
    return [round(float(value), digits) for value in np.asarray(array).ravel()]


def halved(model):
    """Weights that float16 holds, so that they can be stored as such."""
    for parameter in model.parameters():
        parameter.data = parameter.data.half().float()
    return model.eval()


def export(model, example, name, inputs, outputs):
    torch.onnx.export(model, (example,), os.path.join(golden, name), input_names=inputs, output_names=outputs,
                      opset_version=17, dynamo=False)
    half_storage(name)


def photo():
    """A crop of the astronaut, small enough to commit what is computed from it."""
    image = Image.open(os.path.join(photos, "astronaut.png")).convert("RGB").crop((100, 0, 400, 220))
    image = image.resize((150, 110), Image.BICUBIC)
    image.save(os.path.join(golden, "photo.png"))
    return image


def depth(image):
    torch.manual_seed(3)
    config = DepthAnythingConfig(
        backbone_config=Dinov2Config(
            hidden_size=16, num_hidden_layers=4, num_attention_heads=2, mlp_ratio=2, image_size=70, patch_size=14,
            out_features=["stage1", "stage2", "stage3", "stage4"], apply_layernorm=True, reshape_hidden_states=False,
            initializer_range=0.3,
        ),
        patch_size=14, reassemble_hidden_size=16, neck_hidden_sizes=[4, 8, 12, 16], fusion_hidden_size=8,
        head_hidden_size=4, initializer_range=0.2,
    )
    model = DepthAnythingForDepthEstimation(config)
    # A random network ends below 0 about everywhere, where its ReLU leaves nothing.
    model.head.conv3.bias.data.fill_(2.0)
    model = halved(model)
    settings = dict(do_resize=True, size={"height": 70, "width": 70}, keep_aspect_ratio=True, ensure_multiple_of=14,
                    resample=3, do_rescale=True, rescale_factor=1 / 255, do_normalize=True, image_mean=mean,
                    image_std=std, do_pad=False, size_divisor=None, image_processor_type="DPTImageProcessor")
    sizes = []
    for width, height in [(640, 480), (480, 640), (150, 110), (2000, 1000), (518, 518), (100, 50), (333, 517), (1024, 768)]:
        blank = torch.zeros(3, height, width).numpy()
        for side, multiple, keep in [(518, 14, True), (384, 32, True), (384, 1, False), (70, 14, True)]:
            fitted = get_resize_output_image_size(blank, (side, side), keep, multiple)
            sizes.append([width, height, side, multiple, keep, int(fitted.width), int(fitted.height)])
    write_depth("depth-anything", image, model, settings, {"sizes": sizes})


def dpt(image):
    """MiDaS 3.0: the picture is stretched to the one size that the network was exported for."""
    torch.manual_seed(7)
    config = DPTConfig(
        hidden_size=16, num_hidden_layers=4, num_attention_heads=2, intermediate_size=32, image_size=64, patch_size=16,
        backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[4, 8, 12, 16], fusion_hidden_size=8, initializer_range=0.3,
        use_auxiliary_head=False, is_hybrid=False,
    )
    model = DPTForDepthEstimation(config)
    # Random layers amplify; this brings the output to the order of 1, above the ReLU.
    model.head.head[-2].weight.data.mul_(0.002)
    model.head.head[-2].bias.data.fill_(2.0)
    settings = dict(do_resize=True, size={"height": 64, "width": 64}, keep_aspect_ratio=False, ensure_multiple_of=1,
                    resample=3, do_rescale=True, rescale_factor=1 / 255, do_normalize=True, image_mean=[0.5, 0.5, 0.5],
                    image_std=[0.5, 0.5, 0.5], do_pad=False, size_divisor=None, image_processor_type="DPTImageProcessor")
    write_depth("dpt", image, halved(model), settings, {})


def write_depth(name, image, model, settings, more):
    processor = DPTImageProcessorPil(**{k: v for k, v in settings.items() if k != "image_processor_type"})
    inputs = processor(images=image, return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        output = model(inputs)
    export(model, inputs, f"{name}.onnx", ["pixel_values"], ["predicted_depth"])
    sized = processor.post_process_depth_estimation(output, target_sizes=[(image.height, image.width)])[0]["predicted_depth"]
    print(name, tuple(inputs.shape), tuple(output.predicted_depth.shape), float(sized.min()), float(sized.max()))
    write_json(f"{name}.json", {
        "preprocessor_config.json": settings,
        "input": {"dims": list(inputs.shape), "data": rounded(inputs)},
        "output": {"dims": list(output.predicted_depth.shape), "data": rounded(output.predicted_depth)},
        "atPictureSize": rounded(sized), **more,
    })


def segmentation(image):
    torch.manual_seed(5)
    names = ["wall", "sky", "floor, flooring", "person", "bed ", "windowpane", "no such thing", "tree", "sofa", "car",
             "crt screen", "grass"]
    config = SegformerConfig(
        hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 1, 1], num_attention_heads=[1, 1, 2, 2], decoder_hidden_size=16,
        sr_ratios=[8, 4, 2, 1], num_labels=len(names), id2label=dict(enumerate(names)), initializer_range=0.4,
    )
    model = halved(SegformerForSemanticSegmentation(config))
    settings = dict(do_resize=True, size={"height": 64, "width": 64}, resample=2, do_rescale=True,
                    rescale_factor=1 / 255, do_normalize=True, image_mean=mean, image_std=std, do_reduce_labels=False,
                    image_processor_type="SegformerImageProcessor")
    processor = SegformerImageProcessorPil(**{k: v for k, v in settings.items() if k != "image_processor_type"})
    inputs = processor(images=image, return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        output = model(inputs)
    export(model, inputs, "segformer.onnx", ["pixel_values"], ["logits"])
    labels = processor.post_process_semantic_segmentation(output, target_sizes=[(image.height, image.width)])[0]
    # How far the best class leads: where it is nothing, rounding decides.
    sized = torch.nn.functional.interpolate(output.logits, size=(image.height, image.width), mode="bilinear",
                                            align_corners=False)
    top = sized[0].topk(2, dim=0).values
    print("seg", tuple(inputs.shape), tuple(output.logits.shape), np.unique(labels, return_counts=True))
    write_json("segformer.json", {
        "preprocessor_config.json": settings,
        "config.json": {"id2label": {str(k): v for k, v in enumerate(names)}, "model_type": "segformer"},
        "input": {"dims": list(inputs.shape), "data": rounded(inputs)},
        "output": {"dims": list(output.logits.shape), "data": rounded(output.logits)},
        "labels": [int(v) for v in labels.ravel()],
        "undecided": int((top[0] - top[1] < 1e-4).sum()),
    })


class SmallYolox(torch.nn.Module):
    """What a YOLOX head gives: for each stride 4 box values, an objectness and 80 classes a cell, all cells in a row."""

    def __init__(self):
        super().__init__()
        self.stems = torch.nn.ModuleList([torch.nn.Conv2d(3, 6, s, s) for s in (8, 16, 32)])
        self.boxes = torch.nn.ModuleList([torch.nn.Conv2d(6, 4, 1) for _ in range(3)])
        self.scores = torch.nn.ModuleList([torch.nn.Conv2d(6, 81, 1) for _ in range(3)])

    def forward(self, images):
        rows = []
        for stem, boxes, scores in zip(self.stems, self.boxes, self.scores):
            features = torch.tanh(stem(images / 255 - 0.5) * 6)
            cell = torch.cat([boxes(features) * 2, torch.sigmoid(scores(features) * 8 - 4)], 1)
            rows.append(cell.flatten(2))
        return torch.cat(rows, 2).permute(0, 2, 1)


class SmallPose(torch.nn.Module):
    """What an RTMPose head gives: for each of 133 points scores along x and along y, two a pixel."""

    def __init__(self):
        super().__init__()
        self.stem = torch.nn.Conv2d(3, 8, 32, 32)
        self.points = torch.nn.Conv2d(8, 133, 1)
        # 12 x 9 cells become 768 and 576 places through a few waves.
        self.x = torch.nn.Parameter(torch.randn(108, 6) @ torch.cos(torch.outer(torch.arange(1.0, 7), torch.linspace(0, 3.1, 576))))
        self.y = torch.nn.Parameter(torch.randn(108, 6) @ torch.cos(torch.outer(torch.arange(1.0, 7), torch.linspace(0, 3.1, 768))))

    def forward(self, input):
        cells = self.points(torch.tanh(self.stem(input))).flatten(2)
        return torch.sigmoid(cells @ self.x * 0.2), torch.sigmoid(cells @ self.y * 0.2)


def half_storage(name):
    """Weights that float16 holds as such, and a Cast, to commit less."""
    import onnx
    from onnx import numpy_helper

    path = os.path.join(golden, name)
    model = onnx.load(path)
    graph = model.graph
    for tensor in [t for t in graph.initializer if t.data_type == 1 and len(t.raw_data) > 4000]:
        exact = numpy_helper.to_array(tensor)
        values = exact.astype(np.float16)
        if not np.array_equal(values.astype(np.float32), exact):
            continue
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(values, tensor.name + ".half"))
        graph.node.insert(0, onnx.helper.make_node("Cast", [tensor.name + ".half"], [tensor.name], to=1))
    onnx.save(model, path)


def decode_yolox(output, ratio):
    """Boxes of people: Megvii's demo_postprocess and multiclass_nms, class 0, scores above 0.3."""
    grids, strides = [], []
    for stride in (8, 16, 32):
        side = 640 // stride
        xv, yv = np.meshgrid(np.arange(side), np.arange(side))
        grids.append(np.stack((xv, yv), 2).reshape(1, -1, 2))
        strides.append(np.full((1, side * side, 1), stride))
    grids, strides = np.concatenate(grids, 1), np.concatenate(strides, 1)
    output = output.copy()
    output[..., :2] = (output[..., :2] + grids) * strides
    output[..., 2:4] = np.exp(output[..., 2:4]) * strides
    boxes, scores = output[0, :, :4], output[0, :, 4] * output[0, :, 5]
    corners = np.stack([boxes[:, 0] - boxes[:, 2] / 2, boxes[:, 1] - boxes[:, 3] / 2,
                        boxes[:, 0] + boxes[:, 2] / 2, boxes[:, 1] + boxes[:, 3] / 2], 1) / ratio
    chosen = scores > 0.1
    corners, scores = corners[chosen], scores[chosen]
    x1, y1, x2, y2 = corners.T
    areas = (x2 - x1 + 1) * (y2 - y1 + 1)
    order, keep = scores.argsort()[::-1], []
    while order.size > 0:
        i = order[0]
        keep.append(i)
        w = np.maximum(0.0, np.minimum(x2[i], x2[order[1:]]) - np.maximum(x1[i], x1[order[1:]]) + 1)
        h = np.maximum(0.0, np.minimum(y2[i], y2[order[1:]]) - np.maximum(y1[i], y1[order[1:]]) + 1)
        overlap = w * h / (areas[i] + areas[order[1:]] - w * h)
        order = order[np.where(overlap <= 0.45)[0] + 1]
    keep = [i for i in keep if scores[i] > 0.3]
    return corners[keep], scores[keep]


def letterbox(image):
    ratio = min(640 / image.shape[0], 640 / image.shape[1])
    resized = cv2.resize(image, (int(image.shape[1] * ratio), int(image.shape[0] * ratio)), interpolation=cv2.INTER_LINEAR)
    padded = np.full((640, 640, 3), 114, np.uint8)
    padded[: resized.shape[0], : resized.shape[1]] = resized
    return np.ascontiguousarray(padded.transpose(2, 0, 1)[None], dtype=np.float32), ratio


def pose_input(image, box):
    """mmpose's bbox_xyxy2cs, top_down_affine and normalisation."""
    x1, y1, x2, y2 = box
    centre = np.array([(x1 + x2) / 2, (y1 + y2) / 2])
    w, h = (x2 - x1) * 1.25, (y2 - y1) * 1.25
    aspect = 288 / 384
    w, h = (w, w / aspect) if w > h * aspect else (h * aspect, h)
    k = 288 / w
    matrix = np.array([[k, 0, 144 - k * centre[0]], [0, k, 192 - k * centre[1]]])
    crop = cv2.warpAffine(image, matrix, (288, 384), flags=cv2.INTER_LINEAR)
    values = (crop.astype(np.float64) - [123.675, 116.28, 103.53]) / [58.395, 57.12, 57.375]
    return np.float32(values.transpose(2, 0, 1)[None]), centre, np.array([w, h]), crop


def decode_simcc(x, y, centre, scale):
    places = np.stack([x.argmax(-1), y.argmax(-1)], -1).astype(np.float32)
    scores = np.minimum(x.max(-1), y.max(-1))
    return places / 2 / [288, 384] * scale + centre - scale / 2, scores


def whole_body(points, scores):
    """DWPose's neck and order: 18 of the body, 6 of the feet, 68 of the face, 21 of each hand."""
    neck = points[[5, 6]].mean(0)
    certain = float(scores[5] > 0.3 and scores[6] > 0.3)
    points, scores = np.insert(points, 17, neck, 0), np.insert(scores, 17, certain)
    mmpose = [17, 6, 8, 10, 7, 9, 12, 14, 16, 13, 15, 2, 1, 4, 3]
    openpose = [1, 2, 3, 4, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17]
    p, s = points.copy(), scores.copy()
    p[openpose], s[openpose] = points[mmpose], scores[mmpose]
    return p, s


def dwpose(image):
    torch.manual_seed(12)
    rgb = np.asarray(image)
    detector, poser = halved(SmallYolox()), halved(SmallPose())
    padded, ratio = letterbox(rgb)
    export(detector, torch.from_numpy(padded), "yolox.onnx", ["images"], ["output"])
    with torch.no_grad():
        output = detector(torch.from_numpy(padded)).numpy()
    boxes, scores = decode_yolox(output, ratio)
    print("yolox", output.shape, len(boxes), scores[:5])
    people = []
    for box in boxes[:3]:
        values, centre, scale, crop = pose_input(rgb, box)
        with torch.no_grad():
            x, y = [tensor.numpy() for tensor in poser(torch.from_numpy(values))]
        points, point_scores = decode_simcc(x[0], y[0], centre, scale)
        ordered, ordered_scores = whole_body(points, point_scores)
        people.append({"box": rounded(box, 4), "crop": [int(v) for v in crop[::16, ::16].ravel()],
                       "points": rounded(points, 3), "scores": rounded(point_scores),
                       "ordered": rounded(ordered, 3), "orderedScores": rounded(ordered_scores)})
        print("pose", rounded(point_scores[:5]), rounded(points[:2], 1))
    export(poser, torch.zeros(1, 3, 384, 288), "rtmpose.onnx", ["input"], ["simcc_x", "simcc_y"])
    write_json("dwpose.json", {
        "letterbox": {"ratio": ratio, "sample": [int(v) for v in padded[0, :, ::32, ::32].ravel()]},
        # Cells that score above 0.1: index, box, objectness, person.
        "rows": [[int(i), *rounded(output[0, i, :6], 6)] for i in np.flatnonzero(output[0, :, 4] * output[0, :, 5] > 0.1)],
        "boxes": [{"box": rounded(box, 4), "score": round(float(score), 6)} for box, score in zip(boxes, scores)],
        "people": people,
    })


class Queries(torch.nn.Module):
    """A universal segmentation with the inputs and outputs that its exports have."""

    def __init__(self, model, task):
        super().__init__()
        self.model, self.task = model, task

    def forward(self, pixel_values, task_inputs=None):
        given = {"task_inputs": task_inputs} if self.task else {}
        output = self.model(pixel_values=pixel_values, **given)
        return output.class_queries_logits, output.masks_queries_logits


def queries(name, image, model, processor, settings, names, task):
    inputs = processor(images=image, return_tensors="pt", **({"task_inputs": ["semantic"]} if task else {}))
    example = (inputs["pixel_values"], inputs["task_inputs"]) if task else (inputs["pixel_values"],)
    wrapped = Queries(halved(model), task).eval().requires_grad_(False)
    with torch.no_grad():
        output = model(**{k: v for k, v in inputs.items() if k in ("pixel_values", "task_inputs")})
    torch.onnx.export(wrapped, example, os.path.join(golden, f"{name}.onnx"), opset_version=17, dynamo=False,
                      input_names=["pixel_values", "task_inputs"][: len(example)],
                      output_names=["class_queries_logits", "masks_queries_logits"])
    half_storage(f"{name}.onnx")
    shorten(f"{name}.onnx")
    labels = processor.post_process_semantic_segmentation(output, target_sizes=[(image.height, image.width)])[0]
    probabilities = output.class_queries_logits.softmax(-1)[..., :-1]
    scores = torch.einsum("bqc,bqhw->bchw", probabilities, output.masks_queries_logits.sigmoid())
    sized = torch.nn.functional.interpolate(scores, size=(image.height, image.width), mode="bilinear", align_corners=False)
    top = sized[0].topk(2, dim=0).values
    print(name, tuple(inputs["pixel_values"].shape), tuple(output.masks_queries_logits.shape),
          np.unique(labels, return_counts=True))
    write_json(f"{name}.json", {
        "preprocessor_config.json": settings,
        "config.json": {"id2label": {str(k): v for k, v in enumerate(names)}, "model_type": name},
        "input": {"dims": list(inputs["pixel_values"].shape), "data": rounded(inputs["pixel_values"][:, :, ::8, ::8])},
        **({"task": [int(v) for v in inputs["task_inputs"][0]]} if task else {}),
        "scores": {"dims": list(scores.shape), "data": rounded(scores[:, :, ::4, ::4])},
        "labels": [int(v) for v in labels.ravel()],
        "undecided": int((top[0] - top[1] < 1e-4).sum()),
    })


def shorten(name):
    """Short names for everything but inputs and outputs: of thousands of nodes, names are most of the file."""
    import onnx

    path = os.path.join(golden, name)
    model = onnx.load(path)
    graph = model.graph
    kept = {value.name for value in [*graph.input, *graph.output]}
    short = {"": ""}

    def of(value):
        return value if value in kept else short.setdefault(value, f"v{len(short)}")

    for tensor in graph.initializer:
        tensor.name = of(tensor.name)
    for node in graph.node:
        node.ClearField("name")
        node.ClearField("doc_string")
        node.input[:], node.output[:] = [of(value) for value in node.input], [of(value) for value in node.output]
    graph.ClearField("value_info")
    onnx.checker.check_model(model)
    onnx.save(model, path)


def small_swin():
    return SwinConfig(embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2], window_size=4, image_size=64,
                      out_features=["stage1", "stage2", "stage3", "stage4"], initializer_range=0.3)


def oneformer(image):
    names = ["wall", "sky", "floor, flooring", "person", "tree", "no such thing"]
    settings = dict(do_resize=True, size={"shortest_edge": 64, "longest_edge": 256}, resample=2, do_rescale=True,
                    rescale_factor=1 / 255, do_normalize=True, image_mean=mean, image_std=std, num_labels=len(names))
    labels = dict(enumerate(names))
    tokenizer = CLIPTokenizer.from_pretrained(os.path.join(here, "..", "..", "..", "models", "clip-tokenizer"))
    images = OneFormerImageProcessorPil(**settings, repo_path=None, class_info_file=info_file(names), num_text=4)
    torch.manual_seed(8)
    config = OneFormerConfig(
        backbone_config=small_swin(), num_labels=len(names), id2label=labels, hidden_dim=16, num_attention_heads=2,
        dim_feedforward=16, encoder_feedforward_dim=16, encoder_layers=1, decoder_layers=3, conv_dim=32, mask_dim=32,
        num_queries=8, is_training=False, text_encoder_width=16, text_encoder_num_layers=1, task_seq_len=77,
        max_seq_len=77, init_std=0.3, use_task_norm=True,
    )
    model = OneFormerForUniversalSegmentation(config)
    # A plain list, whose layers the exporter does not see.
    head = model.model.transformer_module
    head.input_projections = torch.nn.ModuleList(head.input_projections)
    queries("oneformer", image, spread(model), OneFormerProcessor(images, tokenizer), settings, names, True)
    torch.manual_seed(9)
    # Sides are multiples of size_divisor.
    divisor = {**settings, "size_divisor": 32}
    divisor.pop("num_labels")
    config = MaskFormerConfig(
        backbone_config=small_swin(), num_labels=len(names), id2label=labels, fpn_feature_size=32, mask_feature_size=32,
        decoder_config=dict(model_type="detr", d_model=16, decoder_layers=2, decoder_attention_heads=2, decoder_ffn_dim=16,
                            encoder_attention_heads=2, encoder_layers=1, encoder_ffn_dim=16, num_queries=8),
    )
    model = spread(MaskFormerForInstanceSegmentation(config))
    # Queries of a network that was not trained all see the same: stronger attention tells them apart.
    for parameter in [p for p in model.model.transformer_module.decoder.parameters() if p.dim() > 1]:
        parameter.data.mul_(12)
    model.model.transformer_module.queries_embedder.weight.data.normal_(std=3)
    model.class_predictor.weight.data.mul_(40)
    for parameter in model.mask_embedder.parameters():
        parameter.data.mul_(6)
    processor = MaskFormerImageProcessorPil(**divisor)
    queries("maskformer", image, model, processor, divisor, names, False)


def spread(model):
    """Scores further apart, so that a random network sees more than one class."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(1.6)
    return model


def info_file(names):
    path = os.path.join("/tmp", "oneformer-classes.json")
    with open(path, "w") as file:
        json.dump({str(i): {"name": name, "isthing": False} for i, name in enumerate(names)}, file)
    return path


class Residual(torch.nn.Module):
    def __init__(self, channels):
        super().__init__()
        half = lambda: [torch.nn.ReflectionPad2d(1), torch.nn.Conv2d(channels, channels, 3), torch.nn.InstanceNorm2d(channels)]
        self.layers = torch.nn.Sequential(*half(), torch.nn.ReLU(), *half())

    def forward(self, x):
        return x + self.layers(x)


def lines_network(channels, last):
    """The generator of Informative Drawings: down by 4, three residual blocks, up by 4; instance norms without weights."""
    conv, norm, relu, pad = torch.nn.Conv2d, torch.nn.InstanceNorm2d, torch.nn.ReLU, torch.nn.ReflectionPad2d
    layers = [pad(3), conv(3, channels, 7), norm(channels), relu()]
    for factor in (1, 2):
        layers += [conv(channels * factor, channels * factor * 2, 3, 2, 1), norm(channels * factor * 2), relu()]
    layers += [Residual(channels * 4) for _ in range(3)]
    for factor in (4, 2):
        layers += [torch.nn.ConvTranspose2d(channels * factor, channels * factor // 2, 3, 2, 1, 1),
                   norm(channels * factor // 2), relu()]
    return halved(torch.nn.Sequential(*layers, pad(3), conv(channels, 1, 7), last))


def lineart(image):
    torch.manual_seed(21)
    cases = {}
    for name, last, multiple, scale in [("lineart", torch.nn.Sigmoid(), 4, lambda v: v / 255),
                                        ("lineart-anime", torch.nn.Tanh(), 256, lambda v: v / 127.5 - 1)]:
        network = lines_network(4, last)
        size = [-(-side // multiple) * multiple for side in image.size]
        seen = image if size == list(image.size) else image.resize(size, Image.BILINEAR)
        values = torch.from_numpy(scale(np.asarray(seen).astype(np.float32)).transpose(2, 0, 1)[None].copy())
        torch.onnx.export(network, (values,), os.path.join(golden, f"{name}.onnx"), opset_version=17, dynamo=False,
                          input_names=["input"], output_names=["output"],
                          dynamic_axes={"input": {2: "h", 3: "w"}, "output": {2: "h", 3: "w"}})
        half_storage(f"{name}.onnx")
        with torch.no_grad():
            output = network(values)[0, 0].numpy()
        paper = output if name == "lineart" else (output * 127.5 + 127.5) / 255
        sized = np.asarray(Image.fromarray(paper.astype(np.float32)).resize(image.size, Image.BILINEAR))
        print(name, size, output.min(), output.max(), sized.mean())
        cases[name] = {"size": size, "lines": rounded(255 * (1 - np.clip(sized, 0, 1)), 2)}
    write_json("lineart.json", cases)


class SmallNormals(torch.nn.Module):
    """What normal estimators give: three directions of length 1 and how sure they are."""

    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 5, 2, 2), torch.nn.Tanh(), torch.nn.Conv2d(8, 4, 5, 1, 2))

    def forward(self, pixel_values):
        x = self.layers(pixel_values) * 3
        return torch.cat([torch.nn.functional.normalize(x[:, :3], dim=1), torch.nn.functional.elu(x[:, 3:]) + 1.01], 1)


def normal(image):
    torch.manual_seed(33)
    network = halved(SmallNormals())
    seen = image.resize((96, 64), Image.BILINEAR)
    values = (np.asarray(seen).astype(np.float32) / 255 - mean) / std
    values = torch.from_numpy(values.transpose(2, 0, 1)[None].astype(np.float32))
    torch.onnx.export(network, (values,), os.path.join(golden, "normal.onnx"), opset_version=17, dynamo=False,
                      input_names=["pixel_values"], output_names=["normal"],
                      dynamic_axes={"pixel_values": {2: "h", 3: "w"}, "normal": {2: "h", 3: "w"}})
    with torch.no_grad():
        output = network(values)[0, :3].numpy()
    planes = [np.asarray(Image.fromarray(plane).resize(image.size, Image.BILINEAR)) for plane in output]
    sized = np.stack(planes, -1)
    sized /= np.linalg.norm(sized, axis=-1, keepdims=True)
    colours = np.clip((sized + 1) * 0.5, 0, 1) * 255
    print("normal", output.shape, colours.min((0, 1)), colours.max((0, 1)))
    write_json("normal.json", {
        "preprocessor_config.json": dict(do_resize=True, size={"height": 64, "width": 96}, resample=2, do_rescale=True,
                                         rescale_factor=1 / 255, do_normalize=True, image_mean=mean, image_std=std),
        "colours": rounded(colours, 1),
    })


if __name__ == "__main__":
    os.makedirs(golden, exist_ok=True)
    picture = photo()
    makers = {one.__name__: one for one in (depth, dpt, segmentation, dwpose, oneformer, lineart, normal)}
    for name in sys.argv[1:] or makers:
        makers[name](picture)
