/* The page that a telephone belongs to, with its StringeeSoftPhone: around the iframe, or behind the window of a call. */

const LOOK_EVERY_MS = 500;

/** Whether this is a window of its own, for one call. */
export const isPopup = parent === window;
const page = isPopup ? opener : parent;
export let outside = page.StringeeSoftPhone;

export function tell(event, ...values) {
  return outside._call(event, ...values);
}

/** Belong to whatever page comes in the place of this one, if it has a telephone, too. */
export function followPage(arrived) {
  setInterval(() => {
    const present = ofPage();
    if (!present?._ready || present === outside) return;
    outside = present;
    arrived();
  }, LOOK_EVERY_MS);
}

function ofPage() {
  try {
    return page.StringeeSoftPhone;
  } catch {
    return undefined; // another site's page
  }
}
