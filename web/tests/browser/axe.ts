import type { Page } from '@playwright/test';
import axe from 'axe-core';

import { expect } from './support';

/** No violation of any rule that axe knows, best practices included. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  // One whose element goes away never ends.
  await page.evaluate(() =>
    Promise.allSettled(document.getAnimations().map((each) => each.finished)),
  );
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run();
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`,
    );
  });
  expect(found, what).toEqual([]);
}
