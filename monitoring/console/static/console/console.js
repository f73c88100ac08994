// Keeps the dashboard of today: asks every ten seconds, while somebody looks.
"use strict";

(() => {
    const page = document.getElementById("console");
    if (!page) return;
    const SECONDS = 10;
    const status = document.getElementById("console-status");
    const notice = document.getElementById("console-notice");
    const pause = document.getElementById("console-pause");

    const put = (root, selector, text) => {
        const node = root.querySelector(selector);
        if (node && node.textContent !== String(text)) node.textContent = text;
    };

    const showTile = (tile, told) => {
        const node = page.querySelector(`[data-tile="${tile.name}"]`);
        if (!node) return;
        node.classList.toggle("is-bad", tile.is_bad);
        put(node, "[data-value]", tile.value);
        put(node, "[data-note]", tile.note);
        put(node, "[data-top]", tile.top);
        put(node, "[data-begins]", told.begins);
        put(node, "[data-ends]", told.ends);
        node.querySelector("svg").setAttribute("aria-label", tile.summary);
        node.querySelectorAll("path").forEach((path, i) => path.setAttribute("d", tile.lines[i]));
    };

    const show = (told) => {
        notice.textContent = told.notice;
        notice.hidden = !told.notice;
        told.tiles.forEach((tile) => showTile(tile, told));
        told.topics.forEach((topic) => {
            const node = page.querySelector(`[data-topic="${topic.code}"]`);
            put(node, "[data-count]", topic.count);
            node.querySelector("rect").setAttribute("width", topic.percent);
        });
    };

    const refresh = async () => {
        if (document.hidden || pause.getAttribute("aria-pressed") === "true") return;
        try {
            // A session that has ended leads to the page that signs in, which is no answer.
            const answer = await fetch(page.dataset.url, { redirect: "error" });
            if (!answer.ok) throw new Error(answer.status);
            show(await answer.json());
            status.textContent = "";
        } catch {
            status.textContent = status.dataset.away;
        }
    };

    pause.hidden = false;
    pause.addEventListener("click", () => {
        const isPaused = pause.getAttribute("aria-pressed") === "true";
        pause.setAttribute("aria-pressed", String(!isPaused));
        if (isPaused) refresh();
    });
    document.addEventListener("visibilitychange", refresh);
    setInterval(refresh, SECONDS * 1000);
})();
