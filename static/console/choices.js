"use strict";
// The theme's searchable choices (Select2) speak English only; here they get their words in the page's language.
{
    const select2 = window.django?.jQuery?.fn.select2;
    select2?.defaults.set("language", {
        errorLoading: () => gettext("The results could not be loaded."),
        loadingMore: () => gettext("Loading more results…"),
        noResults: () => gettext("No results found"),
        removeAllItems: () => gettext("Remove all items"),
        removeItem: () => gettext("Remove item"),
        searching: () => gettext("Searching…"),
    });
}
