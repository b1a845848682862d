"""The emoji names a deploy channel meets; any other name stays readable as `:name:`."""

from markupsafe import Markup

from bot.workspace.page.render.html import tag

GLYPHS = {
    "+1": "👍", "-1": "👎", "thumbsup": "👍", "thumbsdown": "👎", "ok_hand": "👌", "clap": "👏", "wave": "👋",
    "pray": "🙏", "raised_hands": "🙌", "muscle": "💪", "point_right": "👉", "point_up": "☝️", "eyes": "👀",
    "brain": "🧠", "smile": "😄", "slightly_smiling_face": "🙂", "joy": "😂", "thinking_face": "🤔", "sob": "😭",
    "sweat_smile": "😅", "sunglasses": "😎", "heart": "❤️", "fire": "🔥", "sparkles": "✨", "star": "⭐",
    "tada": "🎉", "100": "💯", "rocket": "🚀", "ship": "🚢", "package": "📦", "whale": "🐳", "docker": "🐳",
    "cloud": "☁️", "zap": "⚡", "boom": "💥", "white_check_mark": "✅", "heavy_check_mark": "✔️",
    "ballot_box_with_check": "☑️", "x": "❌", "no_entry": "⛔", "no_entry_sign": "🚫", "warning": "⚠️",
    "rotating_light": "🚨", "exclamation": "❗", "question": "❓", "information_source": "ℹ️", "bulb": "💡",  # noqa: RUF001 - the sign itself
    "memo": "📝", "mag": "🔍", "bug": "🐛", "wrench": "🔧", "gear": "⚙️", "hammer": "🔨",
    "hammer_and_wrench": "🛠️", "construction": "🚧", "lock": "🔒", "unlock": "🔓", "key": "🔑", "shield": "🛡️",
    "hourglass": "⌛", "hourglass_flowing_sand": "⏳", "stopwatch": "⏱️", "clock1": "🕐", "alarm_clock": "⏰",
    "arrow_right": "➡️", "arrow_left": "⬅️", "arrow_up": "⬆️", "arrow_down": "⬇️", "rewind": "⏪",
    "fast_forward": "⏩", "leftwards_arrow_with_hook": "↩️", "arrows_counterclockwise": "🔄", "repeat": "🔁",
    "double_vertical_bar": "⏸️", "black_square_for_stop": "⏹️", "octagonal_sign": "🛑", "stop_sign": "🛑",
    "red_circle": "🔴", "large_blue_circle": "🔵", "large_green_circle": "🟢", "large_yellow_circle": "🟡",
    "large_orange_circle": "🟠", "white_circle": "⚪", "black_circle": "⚫", "green_heart": "💚",
    "calendar": "📅", "chart_with_upwards_trend": "📈", "bar_chart": "📊", "link": "🔗", "paperclip": "📎",
    "file_folder": "📁", "page_facing_up": "📄", "inbox_tray": "📥", "outbox_tray": "📤", "speech_balloon": "💬",
    "bell": "🔔", "no_bell": "🔕", "loudspeaker": "📢", "mega": "📣", "robot_face": "🤖",
    "bust_in_silhouette": "👤", "busts_in_silhouette": "👥", "seedling": "🌱", "broom": "🧹", "snowflake": "❄️",
    "ice_cube": "🧊", "test_tube": "🧪", "microscope": "🔬", "vertical_traffic_light": "🚦",
    "traffic_light": "🚥", "checkered_flag": "🏁",
}  # fmt: skip


def emoji(name: str) -> Markup:
    """The named emoji, said by its name to those who listen; an unknown name as it was written."""
    glyph = GLYPHS.get(name.partition("::")[0])
    if glyph is None:
        return tag("span", f":{name}:", class_="emoji unknown")
    return tag("span", glyph, class_="emoji", role="img", aria_label=name.replace("_", " "), title=f":{name}:")
