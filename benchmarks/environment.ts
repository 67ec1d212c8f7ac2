import { cpus } from "node:os";
import { engineInfo } from "../engine/init_engine.ts";

/** Where a run was made: enough to judge its times, and nothing that names a person or a host. */
export interface Environment {
  readonly backend: string;
  readonly gemm: string;
  /** Absent in records made before it was asked for. */
  readonly gemmBuild?: string;
  readonly threads: number;
  readonly cpu: string;
  readonly cores: number;
  readonly os: string;
  readonly deno: string;
  readonly v8: string;
  readonly tfjs: string;
  /** The commit of the code, with "-dirty" where files differ from it; "" where git cannot say. */
  readonly commit: string;
}

/** What times depend on beside the code: times of two machines do not compare, nor of other threads. */
export function machineOf({ backend, gemm, gemmBuild = "", threads, cpu }: Environment) {
  const ofThreads = threads === 1 ? "1 thread" : `${threads} threads`;
  return { backend, gemm, gemmBuild, threads: ofThreads, cpu };
}

/** The environment of this process; what may not be asked is "". */
export async function describeEnvironment(): Promise<Environment> {
  const { backend, gemm, gemmBuild, threads, tfjs } = engineInfo();
  const mayAskCpus = Deno.permissions.querySync({ name: "sys", kind: "cpus" }).state === "granted";
  const processors = mayAskCpus ? cpus() : [];
  return {
    backend,
    gemm,
    gemmBuild,
    threads,
    cpu: processors[0]?.model.trim() ?? "",
    cores: processors.length,
    os: `${Deno.build.os} ${Deno.build.arch}`,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    tfjs,
    commit: await describeCommit(),
  };
}

async function describeCommit(): Promise<string> {
  const folder = new URL("..", import.meta.url);
  if (folder.protocol !== "file:") return "";
  const mayAsk = Deno.permissions.querySync({ name: "run", command: "git" }).state === "granted";
  if (!mayAsk) return "";
  const git = async (...args: string[]): Promise<string> => {
    const command = new Deno.Command("git", { args, cwd: folder, stderr: "null" });
    const { success, stdout } = await command.output();
    return success ? new TextDecoder().decode(stdout).trim() : "";
  };
  try {
    const commit = await git("rev-parse", "--short=12", "HEAD");
    const changes = await git("status", "--porcelain", "--untracked-files=no", "--", ":!results");
    return commit && changes ? `${commit}-dirty` : commit;
  } catch {
    return "";
  }
}
