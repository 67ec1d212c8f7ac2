/**
 * The body of the demo page: markup that `demo.js` brings to life. All its ids begin with `demo`, and
 * the rules of `demo.css` with `.demo`.
 */
export const DEMO_BODY = `<div class="demo" id="demo">
<p>Two trained flows, run in this page by the suite's own code, compiled for the browser. Nothing is sent
anywhere, and the same clicks give every visitor the same draws.</p>
<p id="demo-status" role="status">The demo needs JavaScript and a browser of the last few years.</p>
<div class="demo-halves">
<section aria-labelledby="demo-plane-title">
<h2 id="demo-plane-title">A density in the plane</h2>
<p>A RealNVP fitted to the pinwheel. <span id="demo-plane-note"></span></p>
<canvas id="demo-plane" width="640" height="640" role="img"
 aria-label="The density of the flow as a picture: five bent arms around the origin. Below it the density at a point can be read."></canvas>
<p class="demo-small">Both axes from &minus;4 to 4; brightness is the square root of the density. Click or
drag to read it at a point.</p>
<div class="demo-row">
<label>x<sub>1</sub> <input id="demo-x1" type="number" min="-4" max="4" step="0.1" value="1.00"></label>
<label>x<sub>2</sub> <input id="demo-x2" type="number" min="-4" max="4" step="0.1" value="0.50"></label>
<output id="demo-log-prob" for="demo-x1 demo-x2" aria-live="polite"></output>
</div>
<div class="demo-row">
<button type="button" id="demo-plane-sample" data-ready disabled>Sample 1,000 points</button>
<button type="button" id="demo-plane-clear" data-ready disabled>Clear</button>
<output id="demo-plane-result" aria-live="polite"></output>
</div>
<label class="demo-row" for="demo-plane-temperature">Temperature
<input id="demo-plane-temperature" type="range" min="0.1" max="1.5" step="0.05" value="1">
<output id="demo-plane-temperature-value" for="demo-plane-temperature"></output></label>
</section>
<section aria-labelledby="demo-image-title">
<h2 id="demo-image-title">Images, one pixel after the other</h2>
<p>A MAF fitted to the digits of MNIST. <span id="demo-image-note"></span></p>
<canvas id="demo-image" width="28" height="28" role="img" aria-label="No image yet"></canvas>
<p><output id="demo-bits" aria-live="polite"></output></p>
<div class="demo-row">
<button type="button" id="demo-incremental" disabled>Sample, incremental</button>
<button type="button" id="demo-sequential" disabled>Sample, sequential</button>
<button type="button" id="demo-stop" disabled>Stop</button>
</div>
<progress id="demo-progress" max="1" value="0" aria-label="Passes of sequential sampling" hidden></progress>
<label class="demo-row" for="demo-image-temperature">Temperature
<input id="demo-image-temperature" type="range" min="0.1" max="1.5" step="0.05" value="0.8">
<output id="demo-image-temperature-value" for="demo-image-temperature"></output></label>
<table>
<caption>One sample of nine at once, on this machine</caption>
<thead><tr><th scope="col">inversion</th><th scope="col">time</th><th scope="col">network passes</th></tr></thead>
<tbody>
<tr><th scope="row">incremental</th><td id="demo-incremental-ms">&ndash;</td><td id="demo-incremental-passes">&ndash;</td></tr>
<tr><th scope="row">sequential</th><td id="demo-sequential-ms">&ndash;</td><td id="demo-sequential-passes">&ndash;</td></tr>
</tbody>
</table>
<p><output id="demo-ratio" aria-live="polite"></output></p>
<p class="demo-small">Sequential sampling solves one pixel with each pass through a layer's network, as the
papers have it; incremental sampling uses each weight once, and its time is the median of fifteen. After incremental
samples the sequential ones start from the same latents and end with the same images.</p>
<p id="demo-digits-title">The density of a test image:</p>
<div id="demo-digits" role="group" aria-labelledby="demo-digits-title"></div>
<p class="demo-small">Images are scored with 8 bits a pixel and fixed dequantisation noise. Lower is
likelier; noise that fills all levels evenly would have 8 bits/dim.</p>
</section>
</div>
</div>
`;

/** The scripts after the body, in this order: classic ones, as a page opened as a file takes no modules. */
export const DEMO_SCRIPTS = ["demo_data.js", "demo.js"] as const;

/** The stylesheet of the body. */
export const DEMO_STYLE = "demo.css";
