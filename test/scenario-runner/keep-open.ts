/** Keeps a scenario's project open from one command to the next: to read the standard set takes longer than to use it. */
import type { Open } from '../../src/cli/context.ts'
import { type Project, openProject } from '../../src/main.ts'

export interface Opened {
  /** Opens a project, or gives the one that is open. */
  readonly open: Open
  /** The next command reads the files and the state anew. */
  closeAll(): Promise<void>
}

export function keepOpen(): Opened {
  const projects = new Map<string, Promise<Project>>()
  return {
    open: async (folder, options) => {
      const key = options.target ?? ''
      const project = projects.get(key) ?? openProject(folder, { ...options, offline: false })
      projects.set(key, project)
      project.catch(() => projects.delete(key))
      return { ...(await project), close: () => Promise.resolve() }
    },
    closeAll: async () => {
      const all = [...projects.values()]
      projects.clear()
      for (const project of all) await (await project).close()
    },
  }
}
