/**
 * Labels and label selectors, as the API server reads them.
 * Source: k8s.io/apimachinery/pkg/labels/selector.go, pkg/apis/meta/v1/helpers.go.
 */
export type Labels = Readonly<Record<string, string>>

/** meta/v1 LabelSelector. Without any requirement it selects everything. */
export interface LabelSelector {
  readonly matchLabels?: Labels
  readonly matchExpressions?: readonly LabelRequirement[]
}

export interface LabelRequirement {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  readonly values?: readonly string[]
}

/** True where all requirements hold. A label that is not there is `NotIn` any values. */
export function selects(selector: LabelSelector, labels: Labels): boolean {
  return selectsKnown(selector, labels, true) === true
}

/**
 * The same where only some labels may be known: undefined where it depends on a label that is not among them.
 * With `complete` false, a label that is not there may be there all the same.
 */
export function selectsKnown({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Labels, complete: boolean):
  | boolean
  | undefined {
  let unknown = false
  const asked = (key: string, holds: (value: string | undefined) => boolean): boolean => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined
    if (value !== undefined || complete) return holds(value)
    unknown = true
    return true
  }
  for (const key of Object.keys(matchLabels)) if (!asked(key, (value) => value === matchLabels[key])) return false
  for (const { key, operator, values = [] } of matchExpressions)
    if (!asked(key, (value) => meets(operator, values, value))) return false
  return unknown ? undefined : true
}

function meets(operator: LabelRequirement['operator'], values: readonly string[], value: string | undefined): boolean {
  if (operator === 'Exists') return value !== undefined
  if (operator === 'DoesNotExist') return value === undefined
  const listed = value !== undefined && values.includes(value)
  return operator === 'In' ? listed : !listed
}
