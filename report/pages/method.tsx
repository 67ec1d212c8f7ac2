import type { VNode } from "npm:preact@10.29.0";

/** How the numbers are made, and what they do not say. */
export function method(): VNode {
  return (
    <>
      <h1>Method</h1>
      <h2>Likelihood</h2>
      <ul>
        <li>
          A flow maps data x to a latent z: log p(x) = log p(z) + log |det dz/dx|. NLL is the mean
          of -log p(x) over a test set, which trains nothing and selects no weights.
        </li>
        <li>
          Options and budgets of the profiles were chosen on validation data. To test scores it is
          owed that weight decay was tried at all (RealNVP of ten layers and Glow over vectors),
          that conv_large was trained on for a second cosine, that mixtures were tried at all, and
          that energies, flat toys and the banana of suite report have patience of all looks in
          profile paper.
        </li>
        <li>
          Images are integers k of 0 to 255. A density is scored at (k + u) / 256 with u uniform,
          from a seed that is the same in every run: the mean of -log p is an upper bound of the
          negative log-likelihood of the integers. Bits/dim = (NLL + D log 256) / (D log 2); a
          uniform density costs 8.
        </li>
        <li>
          MNIST: 50,000 images train, the last 10,000 of the training file validate, 10,000 test.
          The logit of alpha + (1 - 2 alpha) x, alpha = 1e-6, is a part of the flow, its
          log-determinant included; "no logit" rows have none. "Learned grey levels" are a piecewise
          linear map of the unit interval before it, one for all pixels, in which each of the 256
          levels has a width of its own, or each of 8 parts of a level; published rows have none.
        </li>
        <li>
          Toy densities have a known log-density, so their entropy is computed and no density can
          beat it on average. A run whose NLL lies below it by more than 4 standard errors is marked
          failed.
        </li>
      </ul>
      <h2>Training</h2>
      <ul>
        <li>
          Adam, or Muon for the kernels of networks, with clipped gradients and a cosine schedule.
          The weights that are scored are those with the best validation likelihood; what was tuned
          was tuned on validation data. Budgets are those of a profile, written into every record.
        </li>
        <li>
          The same command with the same seed gives the same likelihood on the same machine and
          backend, bit for bit, however often it was interrupted and however many runs were made
          side by side.
        </li>
      </ul>
      <h2>Times</h2>
      <ul>
        <li>
          density: log p of a batch. sample: a batch of samples, latent draws included. train step:
          gradients and Adam on a batch. Wall clock until the result was read back; warm-up is not
          counted; medians, with all repetitions in the record. Runs of one command are timed one by
          one, after all training.
        </li>
        <li>
          The flows that are timed have random weights, so that no layer is the identity. MAF and
          IAF of one row have the same weights, mirrored.
        </li>
        <li>
          sequential: a network pass for each coordinate, the papers' algorithm. incremental: the
          same result with each weight used once. jacobi: passes over all coordinates until none
          changes by more than 1e-6. direct: one pass.
        </li>
      </ul>
      <h2>Threats to validity</h2>
      <ul>
        <li>
          Intervals over test examples of one seed say nothing of what another seed would give.
        </li>
        <li>
          Budgets are equal in steps or chosen to fit a time, not until convergence: a family that
          learns slowly looks worse in a short profile than it is. Curves flatten with the learning
          rate all the same: see, where there are some, the flows of toys that were trained for four
          times as long.
        </li>
        <li>
          Times are of one machine and one library. Ratios travel better than milliseconds;
          exponents depend on where overheads end.
        </li>
        <li>
          Published numbers come from other code, other budgets and partly other preprocessing; rows
          are put together by protocol, and each names its source and whether the number was read
          there.
        </li>
        <li>
          Likelihood is not quality of samples: a histogram of each pixel scores well and draws
          noise.
        </li>
      </ul>
      <h2>Columns</h2>
      <p>
        Every column of the CSV files is described in results/README.md of the project, with its
        unit. Empty means not applicable.
      </p>
    </>
  );
}
