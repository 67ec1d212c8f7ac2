/**
 * The profiles as data: what is run on what, with which budget.
 *
 * @module
 */
import type { Profile } from "../plan.ts";
import type { ProfileSettings } from "../settings.ts";
import { paper } from "./paper.ts";
import { quick } from "./quick.ts";
import { smoke } from "./smoke.ts";

/** Every budget of every profile. */
export const PROFILES: Readonly<Record<Profile, ProfileSettings>> = { smoke, quick, paper };
