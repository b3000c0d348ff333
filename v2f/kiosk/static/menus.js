/* What opens over the page: menus (popovers) and dialogs. */

/* Whether something is open, which Esc closes first. */
export const somethingOpen = booth => Boolean(booth.querySelector(":popover-open, dialog[open]"));

/* Close a menu once something in it was pressed, unless that opens another one. */
export function closeWhenPressed(booth) {
  for (const menu of booth.querySelectorAll(".menu"))
    menu.addEventListener("click", event => {
      const item = event.target.closest("button");
      if (item && !item.popoverTargetElement) menu.hidePopover();
    });
}

export function closeMenus(booth) {
  for (const menu of booth.querySelectorAll(":popover-open")) menu.hidePopover();
}
