import type { Target } from '../target.ts'
import { bulk } from './bulk.ts'
import { descriptions, procfiles } from './files.ts'
import { largeFiles } from './large-files.ts'
import { manifests } from './manifests.ts'
import { memo } from './memo.ts'
import { bodies, exceptions, malformedReviews, policies, reviews } from './reviews.ts'
import { disguises, explanations, scriptReviews } from './scripts.ts'
import { configTexts, policyFiles, requirementTexts } from './texts.ts'

export const targets: readonly Target[] = [reviews, malformedReviews, policies, exceptions, bodies, scriptReviews, disguises, explanations,
  memo, procfiles, descriptions, manifests, requirementTexts, configTexts, policyFiles, bulk, largeFiles]
