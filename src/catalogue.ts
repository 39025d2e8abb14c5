/** All that can be found: the rules of policies, and what platforms say of their own files, which no policy changes. */
import { platformRules } from './platforms/remarks.ts'
import { rules } from './rules/index.ts'
import type { Rule } from './rules/rule.ts'

/** What of either is told to people. */
export type Entry = Pick<Rule, 'id' | 'severity' | 'action' | 'summary' | 'why' | 'remedy' | 'settings'>

export const catalogue: readonly Entry[] = [...rules, ...platformRules]
