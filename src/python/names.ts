/** The names that stand in a source: which are mentioned, and which may be bound. */
import type { Expression } from './expression.ts'
import type { Statement } from './syntax.ts'

/** The names that an expression mentions. */
export function namesOfExpression(expression: Expression): string[] {
  switch (expression.kind) {
    case 'number':
    case 'string':
      return []
    case 'format':
      return expression.parts.flatMap((part) => (typeof part === 'string' ? [] : namesOfExpression(part)))
    case 'name':
      return [expression.name]
    case 'tuple':
    case 'list':
    case 'set':
      return expression.items.flatMap(namesOfExpression)
    case 'dict':
      return expression.entries.flat().flatMap(namesOfExpression)
    case 'unary':
      return namesOfExpression(expression.operand)
    case 'binary':
    case 'logical':
      return [expression.left, expression.right].flatMap(namesOfExpression)
    case 'choice':
      return [expression.test, expression.chosen, expression.otherwise].flatMap(namesOfExpression)
    case 'call':
      return [expression.callee, ...expression.args].flatMap(namesOfExpression)
    case 'attribute':
      return namesOfExpression(expression.object)
    case 'subscript':
      return [expression.object, expression.index].flatMap(namesOfExpression)
    default:
      return [...expression.names]
  }
}

/** The names that a statement mentions, wherever in it. */
export function namesOf(statement: Statement): string[] {
  switch (statement.kind) {
    case 'assign':
      return [...statement.targets, statement.value].flatMap(namesOfExpression)
    case 'augment':
      return [statement.target, statement.value].flatMap(namesOfExpression)
    case 'delete':
      return statement.targets.flatMap(namesOfExpression)
    case 'expression':
      return namesOfExpression(statement.value)
    case 'if':
      return [...namesOfExpression(statement.test), ...[...statement.body, ...statement.otherwise].flatMap(namesOf)]
    case 'block':
    case 'function':
    case 'class':
      return [...statement.names, ...statement.body.flatMap(namesOf)]
    case 'other':
    case 'global':
      return [...statement.names]
    default:
      return []
  }
}

/** The names that an expression may bind. */
function boundWithin(expression: Expression): string[] {
  switch (expression.kind) {
    case 'other':
      return [...expression.binds]
    case 'name':
    case 'number':
    case 'string':
    case 'lambda':
      return []
    default: {
      const parts = Object.values(expression).flat(2).filter((part): part is Expression =>
        typeof part === 'object' && part !== null && 'kind' in part
      )
      return parts.flatMap(boundWithin)
    }
  }
}

function boundByTarget(target: Expression): string[] {
  if (target.kind === 'name') return [target.name]
  if (target.kind === 'tuple' || target.kind === 'list') return target.items.flatMap(boundByTarget)
  return target.kind === 'attribute' || target.kind === 'subscript' ? [] : namesOfExpression(target)
}

/** The names that a statement may bind or unbind, wherever in it. */
export function boundBy(statement: Statement): string[] {
  switch (statement.kind) {
    case 'assign':
      return [...statement.targets.flatMap(boundByTarget), ...boundWithin(statement.value)]
    case 'augment':
      return [...boundByTarget(statement.target), ...boundWithin(statement.value)]
    case 'delete':
      return statement.targets.flatMap(boundByTarget)
    case 'expression':
      return boundWithin(statement.value)
    case 'import':
      return statement.imported.map(({ name }) => name)
    case 'if':
      return [...boundWithin(statement.test), ...[...statement.body, ...statement.otherwise].flatMap(boundBy)]
    case 'block':
      return [...statement.binds, ...statement.body.flatMap(boundBy)]
    case 'function':
    case 'class':
      return [statement.name]
    case 'other':
      return [...statement.names]
    default:
      return []
  }
}

export const importsAll = (statement: Statement): boolean =>
  statement.kind === 'import all' ||
  ('body' in statement && statement.kind !== 'function' && statement.kind !== 'class' && statement.body.some(importsAll)) ||
  (statement.kind === 'if' && statement.otherwise.some(importsAll))
