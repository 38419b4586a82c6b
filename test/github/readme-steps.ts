/** The steps of the example's README: what a person pastes into a shell, and what is done by hand. */
import { readFileSync } from 'node:fs'

export interface Step {
  readonly title: string
  /** Shell blocks in order. */
  readonly blocks: readonly string[]
  /** Lines of these blocks. */
  readonly lines: number
  /** Things to do in an editor or a browser. */
  readonly byHand: number
}

export const readme = readFileSync(new URL('../../examples/contoso/README.md', import.meta.url), 'utf8')

/** From the empty repository to the first reviewed sync. */
export function readmeSteps(): readonly Step[] {
  const chapter = readme.split(/^## /m).find((part) => part.startsWith('From an empty repository')) ?? ''
  return chapter
    .split(/^\*\*(?=\d\. )/m)
    .slice(1)
    .map((text) => {
      const blocks = [...text.matchAll(/```sh\n(.*?)```/gs)].map(([, block = '']) => block)
      const lines = blocks.flatMap((block) => block.split('\n').filter((line) => line !== '')).length
      return { title: text.split('.**')[0] ?? '', blocks, lines, byHand: [...text.matchAll(/^\* /gm)].length }
    })
}

/** A number of all steps together. */
export const sumOf = (steps: readonly Step[], key: 'lines' | 'byHand'): number =>
  steps.reduce((sum, step) => sum + step[key], 0)
