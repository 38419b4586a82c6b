/** What an editor with the YAML language server shows: the server itself, asked in this process. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { getLanguageService } from 'yaml-language-server'

/** An editor on a folder. In every text `¦` is where the cursor stands. */
export interface Editor {
  /** What is offered at the cursor, each with its description. */
  complete(file: string, text: string): Promise<ReadonlyMap<string, string>>
  /** What is shown when the pointer rests at the cursor. */
  hover(file: string, text: string): Promise<string>
  /** What is underlined, as `line: message`. */
  diagnose(file: string, text: string): Promise<readonly string[]>
}

export function editorOn(folder: string): Editor {
  const service = getLanguageService({
    schemaRequestService: async (uri) => readFileSync(fileURLToPath(uri), 'utf8'),
    workspaceContext: { resolveRelativePath: (path, resource) => new URL(path, resource).href },
  })
  service.configure({ validate: true, hover: true, completion: true, hoverSchemaSource: false })
  let version = 0
  const opened = (file: string, text: string): TextDocument =>
    TextDocument.create(pathToFileURL(join(folder, file)).href, 'yaml', (version += 1), text.replace('¦', ''))
  return {
    complete: async (file, text) => {
      const document = opened(file, text)
      const { items } = await service.doComplete(document, document.positionAt(text.indexOf('¦')), false)
      return new Map(items.map(({ label, documentation = '' }) => [label, said(documentation)]))
    },
    hover: async (file, text) => {
      const document = opened(file, text)
      const hover = await service.doHover(document, document.positionAt(text.indexOf('¦')))
      return hover === null ? '' : said(hover.contents)
    },
    diagnose: async (file, text) => {
      const found = await service.doValidation(opened(file, text), false)
      return found.map(({ range, message }) => `${range.start.line + 1}: ${said(message)}`)
    },
  }
}

const said = (content: unknown): string =>
  typeof content === 'object' && content !== null && 'value' in content ? String(content.value) : String(content)
