/** `--format`: which reports are wanted, and where each of them goes. */

/** A format is a name here, a file of its own and a row in formats.ts. */
export const formatNames = ['text', 'json', 'sarif', 'junit', 'github', 'markdown'] as const

export type Format = (typeof formatNames)[number]

/** A report that is wanted; it goes to standard output where it has no file. */
export interface Output {
  readonly format: Format
  readonly file?: string
}

/** Reads `text,sarif=paddock.sarif`, and adds it to what was asked for before. Throws a message. */
export function readOutputs(text: string, before: readonly Output[] = []): readonly Output[] {
  const outputs = [...before, ...text.split(',').map(readOutput)]
  const places = outputs.map(({ file }) => file ?? '')
  const twice = places.find((place, index) => places.indexOf(place) < index)
  if (twice === '')
    throw new Error('Only one format can go to standard output: give the others a file, as in sarif=paddock.sarif.')
  if (twice !== undefined) throw new Error(`Only one format can go to ${twice}.`)
  return outputs
}

function readOutput(text: string): Output {
  const [name = '', ...rest] = text.split('=')
  const format = formatNames.find((one) => one === name)
  if (!format) throw new Error(`Allowed choices are ${formatNames.join(', ')}.`)
  if (rest.length === 0) return { format }
  const file = rest.join('=')
  if (file === '') throw new Error(`${name}= needs the name of a file.`)
  return { format, file }
}
