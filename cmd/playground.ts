/** The playground's main, for browsers. Bundled by scripts/playground.ts. */
import manifest from '../package.json' with { type: 'json' }
import { sayOf } from '../src/cli/one-file.ts'
import { defaultPreset, presetNames } from '../src/policy/presets.ts'
import type { Checked, Explained } from '../src/web/answer.ts'
import { startPlayground } from '../src/web/playground.ts'

const { version } = manifest

startPlayground(document.body, async (file, preset) => {
  const { checked, explained, mended } = await sayOf(file, preset, version)
  return { checked: checked as Checked, explained: explained as Explained | null, mended }
}, { presets: presetNames, preset: defaultPreset, version })
