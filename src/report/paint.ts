/** Colours for a terminal; the same functions without effect everywhere else. */
import pc from 'picocolors'

export type Paint = ReturnType<typeof pc.createColors>

/** Colours, or plain text. */
export const paintFor = (coloured: boolean): Paint => pc.createColors(coloured)

/** No colours. */
export const plain: Paint = pc.createColors(false)
